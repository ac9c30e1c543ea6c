import { describe, expect, it } from "vitest";
import { DONE_GRADER, startWorldGrader } from "../support/grader/world-grader.ts";
import { worldJob } from "../support/rollout/world-job.ts";
import type { WorldJob } from "../support/rollout/world-job.ts";
import { WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;
const ITEMS = 24;
const DOWN = { graderType: "endpoint", code: "grader_unreachable", delayMs: 30_000 } as const;

/** A job of more rollouts than may hold sandboxes at a time, with a worker and no grader. */
function ungradedJob(
  changes: object = {},
): WorldJob & { readonly world: WorkerWorld; start(): Promise<void> } {
  const world = new WorkerWorld({ needsSandbox: true });
  const items = Array.from({ length: ITEMS }, (_, index) => ({ index }));
  const job = worldJob(world, items, changes);
  return { ...job, world, start: async () => void (await job.startWorker(4)) };
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

describe("a request whose grader waits for an endpoint", () => {
  it("is not set aside however often outages deliver it again to that grader, and is graded once", async () => {
    const world = new WorkerWorld();
    const endpoint = { isBack: false };
    let begun = 0;
    const play = async () => {
      await world.dispatch(0);
      const { worker } = await world.worker("worker");
      await world.until(() => world.inWork("grade").length === 1);
      await worker.stop();
      startWorldGrader(world, "grader", () => async (input, deps) => {
        begun += 1;
        while (!endpoint.isBack) await deps.waitOut(DOWN, deps.signal);
        return DONE_GRADER.grade(input, deps);
      });
      await world.until(() => begun > 0);
      for (let times = 0; times < 25; times += 1) {
        world.bus.redeliver();
        await world.clock.sleep(60_000);
      }
      expect(world.inWork("settle")).toEqual([]);
      endpoint.isBack = true;
      await world.until(() => world.inWork("grade").length === 0);
      expect(world.inWork("settle")).toEqual([]);
      expect(begun).toBe(1);
    };
    await world.clock.run(play(), HOUR_MS);
  });
});
