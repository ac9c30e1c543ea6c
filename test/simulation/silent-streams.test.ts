import { describe, expect, it } from "vitest";
import { tellSilentStreams } from "../../src/bus/tell-silent-streams.ts";
import { startWorldGrader } from "../support/grader/world-grader.ts";
import { worldJob } from "../support/rollout/world-job.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;
const items = Array.from({ length: 40 }, (_, index) => ({ index }));

describe("a job whose streams answer nothing any more", () => {
  it("waits and names them, and goes on by itself once they store again", async () => {
    const world = new WorkerWorld({
      sample: async () => {
        await world.clock.sleep(5_000);
        return modelAnswer();
      },
    });
    const { runner, outcomes, startWorker } = worldJob(world, items, { parallelism: 4 });
    const play = async () => {
      const { client } = await startWorker(4);
      void tellSilentStreams(client, world.clock, new AbortController().signal);
      startWorldGrader(world, "grader");
      const ended = runner.run();
      await world.clock.sleep(12_000);
      world.bus.fillDisk();
      await world.until(() => runner.silentStreams.length > 0);
      expect(runner.silentStreams).toEqual(["events"]);
      world.bus.freeDisk();
      await world.clock.sleep(120_000);
      expect(runner.silentStreams).toContain("events");
      world.bus.down();
      await world.clock.sleep(1_000);
      world.bus.up();
      return ended;
    };
    const end = await world.clock.run(play(), HOUR_MS);
    expect(end).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(outcomes).toHaveLength(items.length);
    expect(runner.silentStreams).toEqual([]);
  });

  it("dispatches nothing while someone tells of one, and goes on when nobody does any more", async () => {
    const world = new WorkerWorld();
    const { runner } = worldJob(world, items.slice(0, 4));
    const grader = world.bus.connect("grader");
    const play = async () => {
      const telling = new AbortController();
      const silent = { silentStreams: () => ["outcomes"] as const };
      const broadcast = grader.broadcast.bind(grader);
      void tellSilentStreams({ ...silent, broadcast }, world.clock, telling.signal);
      const ended = runner.run();
      void world.clock.sleep(60_000).then(() => telling.abort());
      await world.clock.sleep(59_000);
      expect(runner.silentStreams).toEqual(["outcomes"]);
      expect(world.inWork("rollout")).toEqual([]);
      await world.clock.sleep(20_000);
      expect(world.inWork("rollout")).toHaveLength(4);
      runner.interrupt("job_interrupted");
      return ended;
    };
    expect(await world.clock.run(play(), HOUR_MS)).toMatchObject({ condition: "Suspended" });
  });
});
