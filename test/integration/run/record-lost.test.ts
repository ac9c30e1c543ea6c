import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { leftoversOf } from "../../support/run/leftovers.ts";
import { runWorld } from "../../support/run/run-world.ts";
import { STEADY_ROLLOUTS, resultsOf, steadyJob, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();
const GONE = { timeout: 10_000 };
const isProcess = (leftover: string): boolean => leftover.startsWith("process");

describe("a run whose store was removed", () => {
  it("runs nothing and says so, and goes on once the store is back", async () => {
    const job = await steadyJob(world);
    const running = job.start();
    await untilSomeAreRecorded(job);
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    const before = await resultsOf(job);
    const store = path.join(job.runFolder, ".rollyard", "store");
    await rename(store, `${store}.away`);
    // Each time: the first finding makes an empty store, which is no record either.
    for (let times = 0; times < 2; times += 1) {
      const lost = await job.run();
      expect(lost).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Nothing was run; put the store back"),
      });
      expect(await resultsOf(job)).toEqual(before);
    }
    await rm(store, { recursive: true });
    await rename(`${store}.away`, store);
    expect(await job.run()).toMatchObject({ code: 0 });
    expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
  });

  it("in part: with work still in it, runs nothing of it", async () => {
    const job = await steadyJob(world);
    const running = job.start();
    await untilSomeAreRecorded(job);
    running.kill("SIGKILL");
    await running.ended;
    await expect.poll(() => leftoversOf(job).then((all) => all.filter(isProcess)), GONE).toEqual([]);
    const asked = job.model.requestCount;
    const streams = path.join(job.runFolder, ".rollyard", "store", "store", "jetstream", "$G", "streams");
    await rm(path.join(streams, "ROLLYARD_OUTCOMES"), { recursive: true });
    const lost = await job.run();
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining("Nothing was run") });
    expect(job.model.requestCount).toBe(asked);
  });
});
