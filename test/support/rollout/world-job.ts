import type { Bus } from "../../../src/bus/port.ts";
import { JobRunner } from "../../../src/job/job-runner.ts";
import type { CountedOutcome } from "../../../src/job/rebuild-ledger.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import type { SandboxClaims } from "../../../src/rollout/sandbox-lease.ts";
import type { WorkerWorld, WorldWorker } from "./worker-world.ts";

/** A planner, and what it counted. */
export interface PlannedJob {
  readonly runner: JobRunner;
  readonly outcomes: readonly CountedOutcome[];
}

/** A job in a worker's world. */
export interface WorldJob extends PlannedJob {
  /** A worker whose released sandboxes give their places back. */
  startWorker(slots: number): Promise<WorldWorker>;
}

/** The planner of a job of these items; it does not run yet. `changes` are made to the job's spec. */
export function planJob(
  on: { readonly bus: Bus; readonly clock: Clock },
  items: readonly JsonObject[],
  changes: object = {},
): PlannedJob {
  const outcomes: CountedOutcome[] = [];
  const spec = rolloutJobSpecSchema.parse({
    environmentRef: { name: "env" },
    dataset: { inline: [{}] },
    parallelism: 4,
    model: { baseURL: "http://model.invalid/v1", name: "sim" },
    ...changes,
  });
  const { signal } = new AbortController();
  const onOutcome = (counted: CountedOutcome): void => void outcomes.push(counted);
  const identity = {
    namespace: "ns",
    jobName: "job",
    jobUid: "0123456789ab",
    environmentUid: "ba9876543210",
    specHash: "0".repeat(64),
    traceSeed: "seed",
  };
  const runner = new JobRunner(
    { ...on, ids: randomIds, logger: silentLogger, signal, onOutcome },
    { identity, spec, items, indexes: null, earlierSeconds: 0 },
  );
  return { runner, outcomes };
}

/** The same in a worker's world. */
export function worldJob(world: WorkerWorld, items: readonly JsonObject[], changes: object = {}): WorldJob {
  const job = planJob({ bus: world.bus.connect("controller"), clock: world.clock }, items, changes);
  const claims: SandboxClaims = {
    claim: async () => ({ kind: "gone" }),
    // The broker takes the sandbox back, and the job its place.
    release: (ref) => job.runner.released(ref),
  };
  return { ...job, startWorker: (slots) => world.worker("worker", { claims }, slots) };
}
