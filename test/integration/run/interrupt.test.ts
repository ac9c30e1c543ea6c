import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { leftoversOf } from "../../support/run/leftovers.ts";
import { runWorld } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { STEADY_ROLLOUTS, resultsOf, steadyJob, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

/** A job of an hour's deadline that was interrupted, with what its folder remembers. */
async function interruptedWithDeadline(): Promise<{
  readonly job: SmallJob;
  readonly state: Readonly<Record<string, unknown>>;
  readonly change: (fields: Readonly<Record<string, unknown>>) => Promise<void>;
}> {
  const job = await steadyJob(world);
  await job.edit((text) => `${text.trimEnd()}\n  deadlineSeconds: 3600\n`);
  const running = job.start();
  await untilSomeAreRecorded(job);
  running.kill("SIGINT");
  await running.ended;
  const file = path.join(job.runFolder, ".rollyard", "run.json");
  const state = JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, unknown>>;
  return { job, state, change: (fields) => writeFile(file, JSON.stringify({ ...state, ...fields })) };
}

describe("an interrupted run", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 130],
    ["SIGKILL", null],
  ] as const)(
    "is resumed after %s by the same command, which runs only what is missing",
    async (signal, code) => {
      const job = await steadyJob(world);
      const running = job.start();
      await untilSomeAreRecorded(job);
      expect((await leftoversOf(job)).join("\n")).toMatch(/process nats-server[^]*folder rollyard-/u);
      running.kill(signal);
      const first = await running.ended;
      expect(first.code).toBe(code);
      const before = await resultsOf(job);
      expect(before.length).toBeLessThan(STEADY_ROLLOUTS);
      const second = await job.run();
      expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining("resuming small") });
      const after = await resultsOf(job);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after).toHaveLength(STEADY_ROLLOUTS);
    },
  );

  it("has what its deadline left when it stopped, however long it lay", async () => {
    const { job, state, change } = await interruptedWithDeadline();
    await change({ startedAtMs: Number(state["startedAtMs"]) - 86_400_000 });
    expect(await job.run()).toMatchObject({ code: 0 });
  });

  it("is stopped by its deadline once its sessions together have lasted as long", async () => {
    const { job, state, change } = await interruptedWithDeadline();
    expect(state["earlierSeconds"]).toBeGreaterThan(0);
    await change({ earlierSeconds: 3600 });
    expect(await job.run()).toMatchObject({ code: 1, stderr: expect.stringContaining("DeadlineExceeded") });
  });

  it("goes on with another parallelism, and is refused for another spec, naming what differs", async () => {
    const job = await steadyJob(world);
    const running = job.start();
    await untilSomeAreRecorded(job);
    running.kill("SIGINT");
    await running.ended;
    const other = await job.run(["--samples", "3", "--model", "other"]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("job.samplesPerItem") });
    expect(other.stderr).toContain("job.model.name");
    expect(await job.run(["--parallelism", "6"])).toMatchObject({ code: 0 });
    expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
  });
});

describe("a run folder", () => {
  it("is refused once its run is finished", async () => {
    const job = await steadyJob(world);
    expect(await job.run()).toMatchObject({ code: 0 });
    const again = await job.run();
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("use another --out") });
    expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
  });

  it("is had by one of two commands that start at once", async () => {
    const job = await steadyJob(world);
    const ends = await Promise.all([job.run(), job.run()]);
    expect(ends.map(({ code }) => code).toSorted()).toEqual([0, 2]);
    expect(ends.find(({ code }) => code === 2)?.stderr).toContain("in use by process");
    expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
  });
});
