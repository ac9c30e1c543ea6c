import { describe, expect, it } from "vitest";
import { runWorld } from "../../support/run/run-world.ts";
import { joinRun } from "../../support/run/join-run.ts";
import { metricSum } from "../../support/run/metric-sum.ts";
import { toolTurns } from "../../support/model/mock-scripts.ts";
import { resultsOf } from "../../support/run/steady-job.ts";

const world = runWorld();

describe("a worker that is told to stop in the middle of its rollouts", () => {
  // Within less than the minute after which unacknowledged work would come again by itself.
  it("hands them over at once, and none of them fails", { timeout: 55_000 }, async () => {
    const calls = [{ name: "shell", arguments: '{"command":"cat a.txt"}' }];
    const joined = Promise.withResolvers<void>();
    const model = await world.model(toolTurns({ turns: 3, calls, answer: "done" }), 700, joined.promise);
    const job = await world.job({ baseURL: model.baseURL, items: 12, samples: 1, parallelism: 8 });
    const running = job.start();
    const [, port = ""] = await running.says(/metrics at http:\/\/127\.0\.0\.1:(\d+)/u);
    const worker = await joinRun(world, job, "worker");
    joined.resolve();
    const turnsOf = async (): Promise<number> => metricSum(await worker.metrics(), "rollyard_turns_total");
    await expect.poll(turnsOf, { timeout: 15_000 }).toBeGreaterThan(0);
    worker.process.kill("SIGTERM");
    expect(await worker.process.ended).toMatchObject({ code: 0 });
    const redelivered = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return metricSum(text, "rollyard_bus_redeliveries_total");
    };
    await expect.poll(redelivered, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await resultsOf(job)).toHaveLength(12);
    expect(await job.records("attempts.jsonl")).toEqual([]);
  });
});
