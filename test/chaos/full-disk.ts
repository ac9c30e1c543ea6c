import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkRun } from "./checker/check-run.ts";
import { gatherEvidence } from "./checker/gather-evidence.ts";
import type { Finding } from "./checker/finding.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { Nemesis } from "./nemesis/nemesis.ts";
import { findingLines } from "./report-storm.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { inTrialFolder, withDisks } from "./with-disks.ts";
import { watchJob } from "./with-world.ts";
import type { ChaosWorld } from "./world/chaos-world.ts";
import type { NatsNode } from "./world/nats-node.ts";
import { sleep } from "./world/service.ts";
import { SmallDisk, whyNoSmallDisks } from "./world/small-disk.ts";

/** A disk that fills up in the middle of a job, and gets room again. */
interface Act {
  readonly name: string;
  readonly disks: readonly SmallDisk[];
  /** The servers whose stores are on them. */
  readonly servers: readonly NatsNode[];
  /** What somebody's log says meanwhile; null when the job is to go on. */
  readonly says: string | null;
}

/** What came of it. */
interface ActFigures {
  readonly act: string;
  /** Whether it went on, or waited, as it should. */
  readonly isRight: boolean;
  readonly fullSeconds: number;
  /** From the room that came back to the next progress. */
  readonly resumeSeconds: number;
  readonly needsRestart: boolean;
}

/** What the disks hold at most. */
const STORE_BYTES = 128 * 1024 * 1024;
const RESULTS_BYTES = 64 * 1024 * 1024;
/** Shares of the job at which the acts begin. */
const BEGIN_AT = [0.1, 0.2, 0.3] as const;
/** Nothing came of it for so long: it waits. */
const STILL_MS = 2000;
/** A server that does not go on by itself within this is started again, as its operator does. */
const BY_ITSELF_MS = 1500;
const GIVE_UP_MS = 60_000;
const POLL_MS = 100;
/** See `src/bus/full-streams.ts`. */
const SILENT = "a stream answers nothing";
const UNWRITABLE = "records can't be written";

/** Fills one disk after the other and looks at what waits and what goes on; then all kinds of strikes; then the checker. */
export async function runFullDisk(options: ChaosOptions, progress: Progress): Promise<ScenarioResult> {
  const reason = await inTrialFolder(whyNoSmallDisks);
  if (reason !== null)
    return { text: `full-disk: skipped, for ${reason}\n`, json: { skipped: reason }, code: 0 };
  const { acts, findings, strikes } = await withDisks(
    options,
    { progress, prepare: (folder, disks: SmallDisk[]) => mountDisks(folder, options, disks) },
    (world, disks) => fillInTurn(world, disks, progress),
  );
  const isGood = findings.length === 0 && acts.every(({ isRight }) => isRight);
  return {
    json: {
      rollouts: options.rollouts,
      servers: options.servers,
      acts,
      strikes: Object.fromEntries(strikes),
      findings: findings.length,
    },
    text: [
      ...acts.map(actLine),
      `then strikes, of them full disks     ${[...strikes.values()].reduce((sum, count) => sum + count, 0)}, ${strikes.get("full-disk") ?? 0}`,
      `the job went on to its end; the checker found ${findings.length}`,
      ...findingLines(findings),
      "",
    ].join("\n"),
    code: isGood ? 0 : 1,
  };
}

/** One for each server, the last for the results. */
async function mountDisks(folder: string, { servers }: ChaosOptions, disks: SmallDisk[]) {
  for (let server = 1; server <= servers; server += 1) {
    disks.push(await SmallDisk.mount(join(folder, `disk-${server}`), STORE_BYTES));
  }
  const stores = disks.map(({ path }) => path);
  disks.push(await SmallDisk.mount(join(folder, "results"), RESULTS_BYTES));
  return { stores, disks };
}

async function fillInTurn(
  world: ChaosWorld,
  disks: readonly SmallDisk[],
  progress: Progress,
): Promise<{
  readonly acts: readonly ActFigures[];
  readonly findings: readonly Finding[];
  readonly strikes: Nemesis["counts"];
}> {
  await world.startServices();
  const acts: ActFigures[] = [];
  for (const [at, act] of actsOf(world, disks).entries()) {
    const begin = (BEGIN_AT[at] ?? 1) * world.rollouts;
    await until(() => resultsOf(world) >= begin);
    progress.say(act.name);
    acts.push(await perform(act, world));
  }
  const nemesis = new Nemesis(world, (text) => progress.say(text));
  const striking = nemesis.run();
  await watchJob(world, progress);
  nemesis.stop();
  await striking;
  const findings = checkRun(await gatherEvidence(world, nemesis.tally.sandboxdKills));
  return { acts, findings, strikes: nemesis.counts };
}

function actsOf(world: ChaosWorld, disks: readonly SmallDisk[]): readonly Act[] {
  const stores = disks.slice(0, -1);
  const [first] = world.nats;
  const isOne = stores.length === 1 || first === undefined;
  return [
    ...(isOne
      ? []
      : [{ name: "disk of one server of three", disks: stores.slice(0, 1), servers: [first], says: null }]),
    {
      name: isOne ? "disk of the server" : "disks of all servers",
      disks: stores,
      servers: world.nats,
      says: SILENT,
    },
    { name: "disk of the results", disks: disks.slice(-1), servers: [], says: UNWRITABLE },
  ];
}

async function perform(act: Act, world: ChaosWorld): Promise<ActFigures> {
  const startedMs = performance.now();
  const saidBefore = timesSaid(world, act.says);
  await Promise.all(act.disks.map((disk) => disk.fill()));
  const isRight = act.says === null ? await goesOn(world) : await waits(world, act.says, saidBefore);
  const fullSeconds = secondsSince(startedMs);
  const before = resultsOf(world);
  await Promise.all(act.disks.map((disk) => disk.free()));
  const freeMs = performance.now();
  const isBack = await until(() => resultsOf(world) > before, BY_ITSELF_MS);
  // A server that lost its store goes on without it: others do its work.
  const needsRestart = act.servers.length > 0 && (!isBack || act.says === null);
  if (needsRestart) await restart(act.servers);
  const resumes = await until(() => resultsOf(world) > before);
  const resumeSeconds = secondsSince(freeMs);
  await world.bus.untilCurrent();
  return { act: act.name, isRight: isRight && resumes, fullSeconds, resumeSeconds, needsRestart };
}

/** Whether the job goes on while the disk is full. */
async function goesOn(world: ChaosWorld): Promise<boolean> {
  await sleep(STILL_MS);
  const before = resultsOf(world);
  return until(() => resultsOf(world) > before);
}

/** Whether somebody says why, and the job then stands still: what was stored before may still be recorded meanwhile. */
async function waits(world: ChaosWorld, says: string, saidBefore: number): Promise<boolean> {
  const isSaid = await until(() => timesSaid(world, says) > saidBefore);
  let last = { results: -1, atMs: 0 };
  const isStill = await until(() => {
    const results = resultsOf(world);
    if (results !== last.results) last = { results, atMs: performance.now() };
    return performance.now() - last.atMs > STILL_MS;
  });
  return isSaid && isStill;
}

async function restart(servers: readonly NatsNode[]): Promise<void> {
  for (const { service } of servers) service.kill();
  await Promise.all(servers.map(({ service }) => service.gone()));
  await Promise.all(servers.map(({ service }) => service.up()));
}

/** Rollouts that have their result on record: what a run is for, and all that its user sees of it. */
function resultsOf(world: ChaosWorld): number {
  const file = join(world.resultsFolder, "results.jsonl");
  return existsSync(file) ? occurrences(readFileSync(file, "utf8"), "\n") : 0;
}

/** How often the logs of all processes say it. */
function timesSaid(world: ChaosWorld, text: string | null): number {
  if (text === null) return 0;
  const logs = world.services.map(({ name }) =>
    readFileSync(join(world.folder, "logs", `${name}.log`), "utf8"),
  );
  return logs.reduce((sum, log) => sum + occurrences(log, text), 0);
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

async function until(isSo: () => boolean, withinMs = GIVE_UP_MS): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadlineMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 100) / 10;
}

function actLine({ act, isRight, fullSeconds, resumeSeconds, needsRestart }: ActFigures): string {
  const restarted = needsRestart ? ", its server started again" : "";
  return `${act.padEnd(32)}${isRight ? "as it should" : "WRONG"}: full for ${fullSeconds} s, next result ${resumeSeconds} s after there was room${restarted}`;
}
