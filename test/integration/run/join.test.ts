import { stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { joinFileOf, joinRun } from "../../support/run/join-run.ts";
import { metricSum } from "../../support/run/metric-sum.ts";
import { runWorld, shellThen } from "../../support/run/run-world.ts";
import { resultsOf, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

describe("a worker and a grader of their own beside a local run", () => {
  it("take their part of the work, hand over what they have when told to, and no result is lost or doubled", async () => {
    // However long they take to join, the work is not done before; and there is far more of it than the run's own parts
    // can do before the others have had some.
    const joined = Promise.withResolvers<void>();
    const model = await world.model(shellThen("cat a.txt"), 150, joined.promise);
    const job = await world.job({ baseURL: model.baseURL, items: 30, samples: 2, parallelism: 4 });
    const running = job.start();
    await running.says(/metrics at/u);
    expect((await stat(joinFileOf(job))).mode & 0o777).toBe(0o600);
    const worker = await joinRun(world, job, "worker");
    const grader = await joinRun(world, job, "grader");
    joined.resolve();
    const turnsOf = async (): Promise<number> => metricSum(await worker.metrics(), "rollyard_turns_total");
    const gradesOf = async (): Promise<number> =>
      metricSum(await grader.metrics(), "rollyard_grader_duration_seconds_count");
    await expect.poll(turnsOf, { timeout: 15_000 }).toBeGreaterThan(0);
    await expect.poll(gradesOf, { timeout: 15_000 }).toBeGreaterThan(0);
    await untilSomeAreRecorded(job);
    worker.process.kill("SIGTERM");
    grader.process.kill("SIGTERM");
    expect(await worker.process.ended).toMatchObject({ code: 0 });
    expect(await grader.process.ended).toMatchObject({ code: 0 });
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await resultsOf(job)).toHaveLength(60);
    expect(await job.records("attempts.jsonl")).toEqual([]);
    await expect(stat(joinFileOf(job))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
