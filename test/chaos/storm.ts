import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrograms } from "../../services/cli/find-programs.ts";
import { leftoversOf } from "../support/run/leftovers.ts";
import { SeededRandom } from "../support/simulation/random.ts";
import { checkRun } from "./checker/check-run.ts";
import type { Evidence } from "./checker/evidence.ts";
import type { Finding } from "./checker/finding.ts";
import { gather } from "./checker/gather.ts";
import { Nemesis } from "./nemesis/nemesis.ts";
import type { StrikeName } from "./nemesis/strikes.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { ChaosWorld, modelLogOf, toolLogOf } from "./world/chaos-world.ts";
import { MAX_ATTEMPTS } from "./world/job.ts";
import { sleep } from "./world/service.ts";

/** How a storm ended. */
export interface StormResult {
  readonly options: ChaosOptions;
  readonly seconds: number;
  readonly strikes: ReadonlyMap<StrikeName, number>;
  /** Processes that ended without being killed, with their last words. */
  readonly endedByThemselves: readonly string[];
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
}

const GONE_WITHIN_MS = 15_000;
const POLL_MS = 500;
/** Longest path for which a sandbox's socket still fits into a system call. */
const LONGEST_PARENT = 30;

/** Runs a job through a storm of strikes and checks what it left. Always ends and removes everything it made. */
export async function runStorm(options: ChaosOptions, progress: Progress): Promise<StormResult> {
  const folder = await newFolder();
  const world = await startWorld(options, folder);
  const nemesis = new Nemesis(world, (text) => progress.say(text));
  const undo = progress.onInterrupt(async () => {
    nemesis.stop();
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  });
  try {
    const startedMs = performance.now();
    await world.startServices();
    const striking = nemesis.run();
    const watching = watch(world, progress, startedMs);
    await world.controller.done;
    nemesis.stop();
    const seconds = (performance.now() - startedMs) / 1000;
    await Promise.all([striking, watching]);
    progress.say("reading what the run left");
    const services = [...world.workers, ...world.graders, world.controller, world.model];
    const endedByThemselves = services.flatMap(({ gaveUp }) => gaveUp);
    await world.stopServices();
    const evidence = await gatherEvidence(world, nemesis.tally.sandboxdKills);
    return {
      options,
      seconds,
      strikes: nemesis.counts,
      endedByThemselves,
      evidence,
      findings: checkRun(evidence),
    };
  } finally {
    undo();
    await world.stop();
    if (options.isKept) progress.say(`kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

async function newFolder(): Promise<string> {
  const parent = tmpdir().length <= LONGEST_PARENT ? tmpdir() : "/tmp";
  return mkdtemp(join(parent, "chaos-"));
}

async function startWorld(options: ChaosOptions, folder: string): Promise<ChaosWorld> {
  const random = new SeededRandom(options.seed + 1);
  return ChaosWorld.start({
    options,
    programs: await findPrograms(process.env),
    folder,
    syncInterval: options.servers === 3 ? "always" : "1s",
    restartMs: () => random.between(100, 1500),
  });
}

async function watch(world: ChaosWorld, progress: Progress, startedMs: number): Promise<void> {
  const over = new AbortController();
  void world.controller.done.then(() => over.abort());
  while (!over.signal.aborted) {
    const state = await world.bus.state("outcomes");
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    if (state !== null) {
      progress.show(
        `${seconds} s: ${state.subjects} of ${world.rollouts} rollouts have an outcome (${state.messages} in all)`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function gatherEvidence(world: ChaosWorld, sandboxdKills: number): Promise<Evidence> {
  const { options } = world.plan;
  await world.bus.untilCurrent();
  const gathered = await gather({
    bus: world.bus,
    samplesPerItem: options.samples,
    resultsFolder: world.resultsFolder,
    modelLog: modelLogOf(world.folder),
    toolLog: options.sandboxes === "none" ? toolLogOf(world.folder) : null,
  });
  await world.stop();
  return {
    ...gathered,
    behaviour: world.behaviour,
    rollouts: world.rollouts,
    maxAttempts: MAX_ATTEMPTS,
    sandboxdKills,
    leftovers: await leftoversAtLast(world),
  };
}

/** What is still there a while after the end: the last process of a killed sandbox takes a moment to go. */
async function leftoversAtLast(world: ChaosWorld): Promise<readonly string[]> {
  const deadlineMs = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = await leftoversOf({ folder: world.folder, temporary: world.temporary });
    if (left.length === 0 || performance.now() > deadlineMs) return left;
    await sleep(POLL_MS);
  }
}
