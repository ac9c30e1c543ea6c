import { describe, expect, it } from "vitest";
import { startWorldGrader } from "../support/grader/world-grader.ts";
import { worldJob } from "../support/rollout/world-job.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;
const itemsOf = (count: number, text = "") => Array.from({ length: count }, (_, index) => ({ index, text }));

describe("a job whose work stream is small", () => {
  it("is graded to its end: what is dispatched leaves room for the requests that it will send", async () => {
    const world = new WorkerWorld(
      {
        sample: async () => {
          await world.clock.sleep(60_000);
          return modelAnswer();
        },
      },
      { work: 24_000 },
    );
    const job = worldJob(world, itemsOf(200), { parallelism: 200 });
    const play = async () => {
      await job.startWorker(200);
      startWorldGrader(world, "grader");
      return job.runner.run();
    };
    const end = await world.clock.run(play(), 12 * HOUR_MS);
    expect(end).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(job.outcomes).toHaveLength(200);
  });

  it("hears an interrupt while nothing can be dispatched", async () => {
    const world = new WorkerWorld({}, { work: 100 });
    const { runner } = worldJob(world, itemsOf(4));
    const play = async () => {
      const ended = runner.run();
      await world.clock.sleep(20_000);
      expect(runner.fullStreams).toEqual(["work"]);
      runner.interrupt("job_interrupted");
      return ended;
    };
    expect(await world.clock.run(play(), HOUR_MS)).toMatchObject({ condition: "Suspended" });
  });

  it("ends at its deadline while nothing can be dispatched", async () => {
    const world = new WorkerWorld({}, { work: 100 });
    const { runner, outcomes } = worldJob(world, itemsOf(4), { deadlineSeconds: 60 });
    const end = await world.clock.run(runner.run(), HOUR_MS);
    expect(end).toMatchObject({ condition: "Failed", reason: "DeadlineExceeded" });
    expect(outcomes).toHaveLength(4);
  });
});

describe("a job whose items have no room", () => {
  it("waits until there is room, and says for what", async () => {
    const world = new WorkerWorld({}, { blobs: 150_000 });
    const { runner, startWorker } = worldJob(world, itemsOf(2, "x".repeat(100_000)));
    const play = async () => {
      await startWorker(4);
      startWorldGrader(world, "grader");
      const ended = runner.run();
      await world.clock.sleep(20_000);
      expect(runner.fullStreams).toEqual(["blobs"]);
      expect(runner.ledger.counts).toMatchObject({ graded: 1, pending: 1 });
      world.bus.stream("blobs").purge(">");
      return ended;
    };
    const end = await world.clock.run(play(), HOUR_MS);
    expect(end).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(runner.fullStreams).toEqual([]);
  });
});
