import { writeFileSync } from "node:fs";
import { checkRun } from "./checker/check-run.ts";
import type { Finding } from "./checker/finding.ts";
import { gatherEvidence } from "./checker/gather-evidence.ts";
import { heapFigures, liveHeaps } from "./long/live-heap.ts";
import { MemoryMeter } from "./long/memory-meter.ts";
import type { MemoryFigure } from "./long/memory-meter.ts";
import type { RebuildFigures } from "./long/measure-rebuild.ts";
import { measureRebuild } from "./long/measure-rebuild.ts";
import { StreamMeter } from "./long/stream-meter.ts";
import type { StreamFigure } from "./long/stream-meter.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { findingLines } from "./report-storm.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { watchJob, withWorld } from "./with-world.ts";
import type { ChaosWorld } from "./world/chaos-world.ts";
import { sleep } from "./world/service.ts";

/** What a long job comes to. */
interface LongFigures {
  readonly rollouts: number;
  readonly seconds: number;
  readonly memory: readonly MemoryFigure[];
  readonly heaps: readonly MemoryFigure[];
  readonly streams: readonly StreamFigure[];
  /** From the start of all processes after a full stop to the next outcome. */
  readonly resumeSeconds: number;
  readonly rebuild: RebuildFigures;
}

/** Share of the job that is done when everything is killed at once. */
const STOP_AT = 0.2;
/** Share from which memory is measured: everything is warm by then. */
const MEASURE_FROM = 0.4;
const MEASURE_TO = 0.95;
const POLL_MS = 100;
const REBUILD_OUTCOMES = 100_000;
const REBUILD_WITHIN_SECONDS = 3;
const RESUME_WITHIN_SECONDS = 30;
/**
 * A process whose RSS grows by more than this for 10,000 rollouts does not stay flat. Under its bounds V8's heap is full before
 * the measuring begins, so this is what malloc and the young heap may still take.
 */
const MOST_MIB = 16;
/** Nor one of whose heap more than this is left by a garbage collection for each 10,000 rollouts: 600 bytes a rollout. */
const MOST_LIVE_MIB = 6;

/** A long job on one machine: what grows, how soon it goes on after a full stop, how long a planner reads its past. */
export async function runLong(options: ChaosOptions, progress: Progress): Promise<ScenarioResult> {
  progress.say(`a planner reads ${REBUILD_OUTCOMES} outcomes`);
  const rebuild = await withWorld(
    // Under no bound: this is about time.
    { ...options, heapMib: null, youngMib: null },
    { progress, change: async () => ({ faults: { modelPercent: 0, setupPercent: 0, troublePercent: 0 } }) },
    (world) => measureRebuild(world, REBUILD_OUTCOMES),
  );
  const { figures, findings } = await withWorld(
    options,
    { progress, change: async () => ({ probesHeap: true }) },
    (world) => longJob(world, progress),
  );
  const all: LongFigures = { ...figures, rebuild };
  const isGood =
    findings.length === 0 &&
    rebuild.seconds < REBUILD_WITHIN_SECONDS &&
    figures.resumeSeconds < RESUME_WITHIN_SECONDS &&
    figures.memory.every(({ mibPer10k }) => mibPer10k < MOST_MIB) &&
    figures.heaps.every(({ mibPer10k }) => mibPer10k < MOST_LIVE_MIB) &&
    figures.streams.every(({ isBounded }) => isBounded);
  return {
    json: { ...all, findings: findings.length },
    text: [...longLines(all), ...findingLines(findings), ""].join("\n"),
    code: isGood ? 0 : 1,
  };
}

async function longJob(
  world: ChaosWorld,
  progress: Progress,
): Promise<{
  readonly figures: Omit<LongFigures, "rebuild">;
  readonly findings: readonly Finding[];
}> {
  const startedMs = performance.now();
  await world.startServices();
  const streams = new StreamMeter(world);
  const memory = new MemoryMeter(world);
  const watching = watchJob(world, progress);
  const guarded = <T>(work: Promise<T>): Promise<T> => Promise.race([work, watching.then(() => work)]);
  await guarded(untilShare(world, STOP_AT));
  progress.say("a full stop");
  const resumeSeconds = await guarded(stopAndResume(world));
  await guarded(untilShare(world, MEASURE_FROM));
  const first = await liveHeaps(world);
  memory.start();
  streams.start();
  await guarded(untilShare(world, MEASURE_TO));
  memory.stop();
  streams.stop();
  const last = await liveHeaps(world);
  await watching;
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const streamFigures = await streams.figures();
  const findings = checkRun(await gatherEvidence(world));
  return {
    figures: {
      rollouts: world.rollouts,
      seconds,
      memory: memory.figures(),
      heaps: heapFigures(first, last, (MEASURE_TO - MEASURE_FROM) * world.rollouts),
      streams: streamFigures,
      resumeSeconds,
    },
    findings,
  };
}

/** Kills every process, servers too, and starts all again; resolves with the seconds until something ends. */
async function stopAndResume(world: ChaosWorld): Promise<number> {
  const all = [...world.services, ...world.nats.map(({ service }) => service)];
  for (const service of all) service.hold();
  for (const service of all) service.kill();
  await Promise.all(all.map((service) => service.gone()));
  // As a resumed local run does: it holds the lock of its folder, so nobody of before is alive.
  writeFileSync(world.fullStopFile, "");
  const startedMs = performance.now();
  for (const service of all) service.release();
  await Promise.all(world.nats.map(({ service }) => service.up()));
  const before = await outcomesOf(world);
  while ((await outcomesOf(world)) <= before) await sleep(POLL_MS);
  return Math.round((performance.now() - startedMs) / 100) / 10;
}

/** Outcomes that are stored; asks until it is answered. */
async function outcomesOf(world: ChaosWorld): Promise<number> {
  for (;;) {
    const state = await world.bus.state("outcomes");
    if (state !== null) return state.messages;
    await sleep(POLL_MS);
  }
}

async function untilShare(world: ChaosWorld, share: number): Promise<void> {
  for (;;) {
    const state = await world.bus.state("outcomes");
    if (state !== null && state.subjects >= share * world.rollouts) return;
    await sleep(POLL_MS);
  }
}

const WIDTH = 40;

function memoryLine({ name, firstMib, lastMib, mibPer10k }: MemoryFigure): string {
  return `${name.padEnd(WIDTH)}${String(firstMib).padEnd(9)}${String(lastMib).padEnd(8)}${mibPer10k}`;
}

function longLines(figures: LongFigures): readonly string[] {
  return [
    `${"rollouts".padEnd(WIDTH)}${figures.rollouts} in ${figures.seconds} s`,
    `${"next outcome after a full stop".padEnd(WIDTH)}${figures.resumeSeconds} s`,
    `${`planner reads ${REBUILD_OUTCOMES} outcomes`.padEnd(WIDTH)}${figures.rebuild.seconds} s (${figures.rebuild.cpuSeconds} s of CPU)`,
    "",
    `${"RSS, MiB".padEnd(WIDTH)}first    last    growth in 10,000 rollouts`,
    ...figures.memory.map(memoryLine),
    "",
    `${"heap after a collection, MiB".padEnd(WIDTH)}first    last    growth in 10,000 rollouts`,
    ...figures.heaps.map(memoryLine),
    "",
    `${"stream".padEnd(WIDTH)}most messages, consumers; at the end`,
    ...figures.streams.map(
      ({ stream, mostMessages, mostConsumers, lastMessages, lastConsumers }) =>
        `${stream.padEnd(WIDTH)}${mostMessages}, ${mostConsumers}; ${lastMessages}, ${lastConsumers}`,
    ),
  ];
}
