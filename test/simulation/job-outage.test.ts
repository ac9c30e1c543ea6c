import { describe, expect, it } from "vitest";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { startWorldGrader } from "../support/grader/world-grader.ts";
import { worldJob } from "../support/rollout/world-job.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";
import { PLAIN_SHAPE } from "../support/simulation/plain-shape.ts";
import type { Fault } from "../support/simulation/schedule.ts";
import { World } from "../support/simulation/world.ts";

/** The job's end, on a bus that all servers of which stop after a while, for a while. */
async function endOf(replicas: 1 | 3, faults: readonly Fault[]): Promise<unknown> {
  const { problems, end } = await new World({ seed: 3, shape: { ...PLAIN_SHAPE, replicas }, faults }).run();
  expect(problems).toEqual([]);
  return end;
}

const GRADED = { condition: "Complete", reason: "AllGraded" };

describe("a small job whose model can't be reached at first", () => {
  it("runs its rollouts again, within their attempts", async () => {
    let calls = 0;
    const world = new WorkerWorld({
      sample: async () => {
        calls += 1;
        if (calls <= 2) throw new RollyardError("model_unreachable");
        return modelAnswer();
      },
    });
    const { runner, startWorker } = worldJob(world, [{ index: 0 }, { index: 1 }]);
    const play = async () => {
      await startWorker(4);
      startWorldGrader(world, "grader");
      return runner.run();
    };
    expect(await world.clock.run(play(), 3_600_000)).toMatchObject(GRADED);
    expect(runner.ledger.retriesTaken).toBe(2);
  });
});

describe("a job whose bus is away for minutes", () => {
  it.each([1, 3] as const)("goes on when it is back, with %i servers", async (replicas) => {
    expect(await endOf(replicas, [{ kind: "outage", atMs: 500, forMs: 600_000 }])).toMatchObject(GRADED);
  });

  it("begins when it is back", async () => {
    expect(await endOf(1, [{ kind: "outage", atMs: 0, forMs: 120_000 }])).toMatchObject(GRADED);
  });

  it("is interrupted when it is back, and resumed without losing or doubling", async () => {
    const faults: readonly Fault[] = [
      { kind: "outage", atMs: 500, forMs: 120_000 },
      { kind: "interrupt", atMs: 1000, downMs: 100 },
    ];
    expect(await endOf(3, faults)).toMatchObject(GRADED);
  });
});
