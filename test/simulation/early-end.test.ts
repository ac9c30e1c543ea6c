import { describe, expect, it } from "vitest";
import type { Bus } from "../../src/bus/port.ts";
import { outcomesFilter } from "../../src/bus/subjects.ts";
import { JobRunner } from "../../src/job/job-runner.ts";
import type { JobRunnerDeps, JobToRun } from "../../src/job/job-runner.ts";
import type { JobEnd } from "../../src/job/job-end.ts";
import { rolloutJobSpecSchema } from "../../src/job/rollout-job.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";

const IDENTITY = {
  namespace: "ns",
  jobName: "job",
  jobUid: "0123456789ab",
  environmentUid: "ba9876543210",
  specHash: "0".repeat(64),
  traceSeed: "seed",
};
const spec = rolloutJobSpecSchema.parse({
  environmentRef: { name: "env" },
  dataset: { inline: [{}] },
  deadlineSeconds: 10,
  model: { baseURL: "http://model.invalid/v1", name: "sim" },
});

describe("a job that ends early", () => {
  const world = (): { readonly world: WorkerWorld; readonly bus: Bus } => {
    const made = new WorkerWorld({ sample: async () => modelAnswer() });
    return { world: made, bus: made.bus.connect("controller") };
  };
  const runnerOf = (
    { world: { clock }, bus }: ReturnType<typeof world>,
    deps: Partial<JobRunnerDeps> = {},
    job: Partial<JobToRun> = {},
  ): JobRunner =>
    new JobRunner(
      {
        bus,
        clock,
        ids: randomIds,
        logger: silentLogger,
        signal: new AbortController().signal,
        onOutcome: () => undefined,
        ...deps,
      },
      { identity: IDENTITY, spec, items: [{}, {}, {}], indexes: null, earlierSeconds: 0, ...job },
    );

  it("tells of its end before it cancels anything, and keeps that end when it is begun again", async () => {
    const made = world();
    const told: { readonly end: JobEnd; readonly outcomes: number }[] = [];
    const onEnding = async (end: JobEnd): Promise<void> => {
      told.push({ end, outcomes: (await made.bus.subjects("outcomes", outcomesFilter(IDENTITY))).size });
    };
    const end = await made.world.clock.run(runnerOf(made, { onEnding }).run(), 3_600_000);
    expect(end).toMatchObject({ condition: "Failed", reason: "DeadlineExceeded" });
    expect(told).toEqual([{ end, outcomes: 0 }]);
    const [{ end: ending } = { end: null }] = told;
    const again = runnerOf(made, {}, ending === null ? {} : { ending });
    expect(await made.world.clock.run(again.run(), 3_600_000)).toEqual(end);
    // Without that, cancelled rollouts would look like any that have no reward.
    expect(await made.world.clock.run(runnerOf(made).run(), 3_600_000)).toMatchObject({
      condition: "Complete",
    });
  });

  it("goes on to cancel what an earlier process had not", async () => {
    const made = world();
    const ending: JobEnd = { condition: "Failed", reason: "DeadlineExceeded", message: "Over." };
    const runner = runnerOf(made, {}, { ending });
    expect(await made.world.clock.run(runner.run(), 3_600_000)).toEqual(ending);
    expect(runner.ledger.failures.cancelled).toBe(3);
  });

  it("dispatches no more than it is lent, and gives back what it was lent", async () => {
    const made = world();
    let lent = 0;
    const share = {
      lend: () => {
        lent += 1;
        return 1;
      },
      giveBack: () => {
        lent -= 1;
      },
    };
    const seen: number[] = [];
    const runner = runnerOf(made, { share });
    const look = async (): Promise<void> => {
      for (let seconds = 0; seconds < 3; seconds += 1) {
        await made.world.clock.sleep(900);
        seen.push((await made.bus.subjects("work", "rollyard.work.rollout.>")).size);
      }
    };
    await made.world.clock.run(Promise.race([runner.run(), look()]), 3_600_000);
    // One a round, a second apart.
    expect(seen).toEqual([1, 2, 3]);
    expect(lent).toBe(0);
  });
});
