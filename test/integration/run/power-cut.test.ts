import { mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { LoopImage, whyNoLoopImages } from "../../chaos/world/loop-image.ts";
import { processesOf } from "../../support/run/leftovers.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";
import { runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { resultsOf } from "../../support/run/steady-job.ts";

const world = runWorld();
const ROLLOUTS = 80;
/** Numbers of results with which the power goes. */
const CUT_ABOVE = [3, 20];
const PATIENCE = { timeout: 90_000, interval: 20 };
const IMAGE_BYTES = 256 * 1024 * 1024;

/** A job of many quick rollouts whose run folder is on a disk of its own. */
async function jobOnDisk(): Promise<{ readonly job: SmallJob; readonly disk: LoopImage }> {
  const model = await world.model(shellThen("cat a.txt"), 20);
  const { baseURL } = model;
  const job = await world.job({ baseURL, items: ROLLOUTS / 2, samples: 2, parallelism: 8 });
  const images = await mkdtemp(path.join(tmpdir(), "rollyard-disk-"));
  world.later(() => rm(images, { recursive: true, force: true }));
  await mkdir(job.out);
  const disk = await LoopImage.mount(path.join(images, "disk.img"), job.out, IMAGE_BYTES);
  world.later(() => disk.remove());
  return { job, disk };
}

/** The lines of results.jsonl, but for one that is torn. */
async function wholeResults({ runFolder }: SmallJob): Promise<readonly string[]> {
  const text = await readFile(path.join(runFolder, "results.jsonl"), "utf8").catch(() => "");
  return text.split("\n").slice(0, -1);
}

/** Brings the records to the disk, as the system does now and then. */
async function syncRecords({ runFolder }: SmallJob): Promise<void> {
  for (const name of ["attempts", "trajectories", "results"]) {
    const file = await open(path.join(runFolder, `${name}.jsonl`));
    await file.sync();
    await file.close();
  }
}

/** Ends whatever writes to the job's disk at once, with the power of that disk. */
async function cutPower(
  { job, disk }: { readonly job: SmallJob; readonly disk: LoopImage },
  running: RunningCli,
): Promise<void> {
  // Stopped first: it must not bring anything to the disk because the command has ended.
  for (const { pid, name } of await processesOf(job))
    if (name === "nats-server") process.kill(pid, "SIGSTOP");
  running.kill("SIGKILL");
  await running.ended;
  await expect.poll(() => processesOf(job), { timeout: 10_000 }).toEqual([]);
  await disk.cut();
}

it("a run whose machine lost its power goes on, and takes no result back", async ({ skip }) => {
  const trial = await mkdtemp(path.join(tmpdir(), "rollyard-trial-"));
  world.later(() => rm(trial, { recursive: true, force: true }));
  const reason = await whyNoLoopImages(trial);
  skip(reason !== null, reason ?? "");
  const place = await jobOnDisk();
  const { job } = place;
  const seen: (readonly string[])[] = [];
  for (const least of CUT_ABOVE) {
    const running = job.start();
    world.later(() => running.kill("SIGKILL"));
    const recorded = async (): Promise<number> => (await wholeResults(job)).length;
    await expect.poll(recorded, PATIENCE).toBeGreaterThan(least);
    await syncRecords(job);
    await cutPower(place, running);
    const before = await wholeResults(job);
    expect(before.length).toBeLessThan(ROLLOUTS);
    seen.push(before);
  }
  expect(await job.run()).toMatchObject({ code: 0 });
  // Each has one result, and a trajectory.
  expect(await resultsOf(job)).toHaveLength(ROLLOUTS);
  const after = await wholeResults(job);
  for (const before of seen) expect(after.slice(0, before.length)).toEqual(before);
}, 240_000);
