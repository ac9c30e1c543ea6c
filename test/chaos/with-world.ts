import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrograms } from "../../services/cli/find-programs.ts";
import { SeededRandom } from "../../src/lib/seeded-random.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { ChaosWorld } from "./world/chaos-world.ts";
import type { WorldPlan } from "./world/chaos-world.ts";
import { sleep } from "./world/service.ts";

/** Before a world sets its own for its processes. */
const SYSTEM_TEMPORARY = tmpdir();
/** Longest path for which a sandbox's socket still fits into a system call. */
const LONGEST_PARENT = 30;
const POLL_MS = 500;
/** Twice what a paused process, its takeover and its answer may cost together. */
const STUCK_MS = 300_000;

/** What of a plan a scenario decides. */
export type PlanChange = Partial<
  Pick<WorldPlan, "stores" | "disks" | "probesHeap" | "syncInterval" | "faults">
>;

/** A world in a folder of its own while `use` runs; then, or on Ctrl-C, everything of it is ended and removed. */
export async function withWorld<T>(
  options: ChaosOptions,
  {
    progress,
    change,
  }: { readonly progress: Progress; readonly change?: (folder: string) => Promise<PlanChange> },
  use: (world: ChaosWorld) => Promise<T>,
): Promise<T> {
  const parent = SYSTEM_TEMPORARY.length <= LONGEST_PARENT ? SYSTEM_TEMPORARY : "/tmp";
  const folder = await mkdtemp(join(parent, "chaos-"));
  const removed = async (): Promise<void> => {
    if (options.isKept) progress.say(`kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  };
  const forgetFolder = progress.onInterrupt(() => rm(folder, { recursive: true, force: true }));
  try {
    const plan = await planOf(options, folder);
    const world = await ChaosWorld.start({ ...plan, ...(await change?.(folder)) });
    const forgetWorld = progress.onInterrupt(() => world.stop());
    try {
      return await use(world);
    } finally {
      forgetWorld();
      await world.stop();
    }
  } finally {
    forgetFolder();
    await removed();
  }
}

async function planOf(options: ChaosOptions, folder: string): Promise<WorldPlan> {
  const random = new SeededRandom(options.seed + 1);
  const { faults, sandboxes, servers } = options;
  return {
    options,
    programs: await findPrograms(process.env),
    folder,
    syncInterval: servers === 3 ? "always" : "1s",
    restartMs: () => random.between(100, 1500),
    faults: {
      modelPercent: faults * (sandboxes === "none" ? 0.9 : 0.4),
      setupPercent: sandboxes === "none" ? 0 : faults * 0.4,
      troublePercent: faults > 0 ? 2 : 0,
    },
  };
}

/** Says how far the job is until its controller is done. Rejects when nothing has ended for too long. */
export async function watchJob(world: ChaosWorld, progress: Progress): Promise<void> {
  const startedMs = performance.now();
  const over = new AbortController();
  void world.controller.done.then(() => over.abort());
  let last = { outcomes: -1, atMs: startedMs };
  while (!over.signal.aborted) {
    const state = await world.bus.state("outcomes");
    const nowMs = performance.now();
    const seconds = Math.round((nowMs - startedMs) / 1000);
    if (state !== null && state.messages !== last.outcomes) last = { outcomes: state.messages, atMs: nowMs };
    if (nowMs - last.atMs > STUCK_MS) {
      throw new Error(
        `no attempt has ended for ${STUCK_MS / 60_000} minutes: the run is stuck (--keep shows why)`,
      );
    }
    if (state !== null) {
      progress.show(
        `${seconds} s: ${state.subjects} of ${world.rollouts} rollouts have an outcome (${state.messages} in all)`,
      );
    }
    await sleep(POLL_MS);
  }
}
