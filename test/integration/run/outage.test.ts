import { spawnSync } from "node:child_process";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startMockModel } from "../../support/model/mock-model.ts";
import { toolTurns } from "../../support/model/mock-scripts.ts";
import { runCli, smallJob, startCli } from "../../support/run/run-cli.ts";
import type { RunningCli, SmallJob } from "../../support/run/run-cli.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A job of 24 rollouts that takes a few seconds. */
async function slowJob(): Promise<SmallJob> {
  const calls = [{ name: "shell", arguments: '{"command": "cat a.txt"}' }];
  const script = toolTurns({ turns: 1, calls, answer: "done" });
  const model = await startMockModel({ script, latencyMs: 200 });
  closers.push(() => model.close());
  const job = await smallJob({ baseURL: model.baseURL, items: 12, samples: 2, parallelism: 2 });
  closers.push(() => job.remove());
  return job;
}

function start(job: SmallJob): RunningCli {
  return startCli(["run", "-f", job.file, "--out", job.out]);
}

async function untilSomeAreGraded(job: SmallJob): Promise<void> {
  await expect
    .poll(async () => (await job.records("results.jsonl").catch(() => [])).length, { timeout: 20_000 })
    .toBeGreaterThan(2);
}

async function distinctResults(job: SmallJob): Promise<number> {
  const results = await job.records("results.jsonl");
  expect(new Set(results.map(({ rollout }) => rollout)).size).toBe(results.length);
  return results.length;
}

/** The nats-server that the job's own run started. */
async function natsServerOf(job: SmallJob): Promise<number> {
  for (const pid of await readdir("/proc")) {
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words[0]?.endsWith("nats-server") && words.some((word) => word.startsWith(job.folder)))
      return Number(pid);
  }
  throw new Error("the run has no nats-server");
}

describe("a run whose surroundings fail", () => {
  it("completes although its nats-server is killed in the middle", async () => {
    const job = await slowJob();
    const running = start(job);
    await untilSomeAreGraded(job);
    process.kill(await natsServerOf(job), "SIGKILL");
    const end = await running.ended;
    expect(end).toMatchObject({ code: 0 });
    expect(await distinctResults(job)).toBe(24);
  });

  it("refuses a folder that another run has, and leaves that run alone", async () => {
    const job = await slowJob();
    const running = start(job);
    await running.says("metrics at");
    const second = await runCli(["run", "-f", job.file, "--out", job.out]);
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining("in use by process") });
    expect((await running.ended).code).toBe(0);
    expect(await distinctResults(job)).toBe(24);
  });

  it("says which output folder can't be written, exit 1 or 2, before anything starts", async () => {
    const job = await slowJob();
    await writeFile(path.join(job.folder, "file"), "");
    const end = await runCli(["run", "-f", job.file, "--out", path.join(job.folder, "file", "below")]);
    expect([1, 2]).toContain(end.code);
    expect(end.stderr).toContain("can't be written");
  });

  it("stops with a sentence before its disk is full, and completes once there is room", async ({ skip }) => {
    const job = await slowJob();
    await mkdir(job.out);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", job.out]).status === 0;
    skip(!mounted, "a small disk can't be mounted here");
    closers.push(() => void spawnSync("umount", ["-l", job.out]));
    const running = start(job);
    await untilSomeAreGraded(job);
    const filler = path.join(job.out, "filler");
    await writeFile(filler, Buffer.alloc(40 * 1024 * 1024));
    const first = await running.ended;
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("free some space");
    expect(await distinctResults(job)).toBeLessThan(24);
    await rm(filler);
    const second = await runCli(["run", "-f", job.file, "--out", job.out]);
    expect(second).toMatchObject({ code: 0 });
    expect(await distinctResults(job)).toBe(24);
  });
});
