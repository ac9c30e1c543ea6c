import { expect } from "vitest";
import type { MockModel } from "../model/mock-model.ts";
import type { RunWorld } from "./run-world.ts";
import { shellThen } from "./run-world.ts";
import type { SmallJob } from "./small-job.ts";

/** Rollouts of a steady job. */
export const STEADY_ROLLOUTS = 12;

/** A job of {@link SmallJob} with its model. */
export interface SteadyJob extends SmallJob {
  readonly model: MockModel;
}

/** A job that takes a few seconds, two rollouts at a time: long enough for something to happen in the middle. */
export async function steadyJob(world: RunWorld): Promise<SteadyJob> {
  const model = await world.model(shellThen("cat a.txt"), 200);
  const { baseURL } = model;
  const job = await world.job({ baseURL, items: STEADY_ROLLOUTS / 2, samples: 2, parallelism: 2 });
  return Object.assign(job, { model });
}

/** Resolves once some of the job's rollouts are on record. */
export async function untilSomeAreRecorded(job: SmallJob): Promise<void> {
  const recorded = async (): Promise<number> => (await resultsOf(job).catch(() => [])).length;
  await expect.poll(recorded, { timeout: 60_000 }).toBeGreaterThan(1);
}

/** The rollouts that have a result, in order; each must have one only, and a trajectory. */
export async function resultsOf(job: SmallJob): Promise<readonly string[]> {
  const results = (await job.records("results.jsonl")).map(({ rollout }) => String(rollout));
  const trajectories = (await job.records("trajectories.jsonl")).map(({ rollout }) => String(rollout));
  expect(new Set(results).size).toBe(results.length);
  expect(trajectories).toEqual(expect.arrayContaining(results));
  return results;
}
