import { describe, expect, it } from "vitest";
import { JobRunner } from "../../src/job/job-runner.ts";
import type { CountedOutcome } from "../../src/job/rebuild-ledger.ts";
import { rolloutJobSpecSchema } from "../../src/job/rollout-job.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import type { SandboxClaims } from "../../src/rollout/sandbox-lease.ts";
import { startWorldGrader } from "../support/grader/world-grader.ts";
import { WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;
const ITEMS = 24;

/** A job of more rollouts than may hold sandboxes at a time, with a worker and no grader. */
function ungradedJob(changes: object = {}): {
  readonly world: WorkerWorld;
  readonly runner: JobRunner;
  readonly outcomes: CountedOutcome[];
  start(): Promise<void>;
} {
  const world = new WorkerWorld({ needsSandbox: true });
  const outcomes: CountedOutcome[] = [];
  const spec = rolloutJobSpecSchema.parse({
    environmentRef: { name: "env" },
    dataset: { inline: [{}] },
    parallelism: 4,
    model: { baseURL: "http://model.invalid/v1", name: "sim" },
    ...changes,
  });
  const runner = new JobRunner(
    {
      bus: world.bus.connect("controller"),
      clock: world.clock,
      ids: randomIds,
      logger: silentLogger,
      signal: new AbortController().signal,
      onOutcome: (counted) => void outcomes.push(counted),
    },
    {
      identity: {
        namespace: "ns",
        jobName: "job",
        jobUid: "0123456789ab",
        environmentUid: "ba9876543210",
        specHash: "0".repeat(64),
        traceSeed: "seed",
      },
      spec,
      items: Array.from({ length: ITEMS }, (_, index) => ({ index })),
      indexes: null,
      startedAtMs: world.clock.nowMs(),
    },
  );
  const claims: SandboxClaims = {
    claim: async () => ({ kind: "gone" }),
    // The broker takes the sandbox back, and the job its place.
    release: (ref) => runner.released(ref),
  };
  const start = async (): Promise<void> => void (await world.worker("worker", { claims }, 4));
  return { world, runner, outcomes, start };
}

describe("a job without any grader", () => {
  it("samples all that there is, holds no place and no sandbox for a grade, and is graded once graders come", async () => {
    const { world, runner, outcomes, start } = ungradedJob();
    const play = async () => {
      await start();
      const ended = runner.run();
      await world.clock.sleep(10 * HOUR_MS);
      expect(world.inWork("grade")).toHaveLength(ITEMS);
      expect(world.inWork("rollout")).toEqual([]);
      expect(runner.ledger.counts).toMatchObject({ grading: ITEMS, active: 0, failed: 0 });
      startWorldGrader(world, "grader");
      return ended;
    };
    const end = await world.clock.run(play(), 12 * HOUR_MS);
    expect(end).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(outcomes.every(({ outcome }) => outcome.attempt === 0)).toBe(true);
  });

  it("still ends at its deadline, and leaves no work behind", async () => {
    const { world, runner, outcomes, start } = ungradedJob({ deadlineSeconds: 3600 });
    const play = async () => {
      await start();
      return runner.run();
    };
    const end = await world.clock.run(play(), 2 * HOUR_MS);
    expect(end).toMatchObject({ condition: "Failed", reason: "DeadlineExceeded" });
    expect(outcomes).toHaveLength(ITEMS);
    for (const { outcome } of outcomes) {
      expect(outcome.end).toEqual({ kind: "failed", failureClass: "cancelled", code: "job_deadline" });
    }
    for (const kind of ["rollout", "grade", "settle"] as const) expect(world.inWork(kind)).toEqual([]);
  });
});
