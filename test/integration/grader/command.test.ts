import { describe, expect, it } from "vitest";
import { commandJob, HONEST, writing } from "../../support/grader/command-job.ts";
import { runWorld } from "../../support/run/run-world.ts";

const world = runWorld();

describe("a command grader", () => {
  it("runs its own tests over the agent's files, and gives the share that passed", async () => {
    const job = await commandJob(world, { commands: [writing(HONEST)], samples: 2 });
    const end = await job.run();
    expect(end).toMatchObject({ code: 0 });
    const record = { outcome: "graded", reward: 1, passed: true, flags: [], sub_rewards: { tests: 1 } };
    expect(await job.records("results.jsonl")).toMatchObject([record, record]);
  });
});
