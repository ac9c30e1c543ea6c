import { describe, expect, it } from "vitest";
import { worldJob } from "../support/rollout/world-job.ts";
import { WorkerWorld } from "../support/rollout/worker-world.ts";

const ITEMS = [{ index: 0 }, { index: 1 }];

describe("a job's planner that has learned how the job stands", () => {
  it("has begun nothing yet, and goes on from there when it is run", async () => {
    const world = new WorkerWorld();
    const { runner } = worldJob(world, ITEMS);
    const play = async () => {
      await world.dispatch(0);
      await runner.rebuild();
      await world.clock.sleep(60_000);
      expect(world.inWork("rollout")).toEqual([0]);
      expect(runner.ledger.counts).toMatchObject({ active: 1, pending: 1 });
      const ended = runner.run();
      await world.until(() => world.inWork("rollout").length === 2);
      runner.interrupt("job_interrupted");
      return ended;
    };
    expect(await world.clock.run(play(), 600_000)).toMatchObject({ condition: "Suspended" });
  });
});
