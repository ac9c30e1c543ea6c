import { checkRun } from "./checker/check-run.ts";
import type { Evidence } from "./checker/evidence.ts";
import type { Finding } from "./checker/finding.ts";
import { gatherEvidence } from "./checker/gather-evidence.ts";
import { Nemesis } from "./nemesis/nemesis.ts";
import type { StrikeName } from "./nemesis/strikes.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { watchJob, withWorld } from "./with-world.ts";
import type { PlanChange } from "./with-world.ts";
import type { ChaosWorld } from "./world/chaos-world.ts";

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

/** Runs a job through a storm of strikes and checks what it left. Always ends and removes everything it made. */
export function runStorm(
  options: ChaosOptions,
  progress: Progress,
  change: PlanChange = {},
): Promise<StormResult> {
  return withWorld(options, { progress, change: async () => change }, (world) => storm(world, progress));
}

async function storm(world: ChaosWorld, progress: Progress): Promise<StormResult> {
  const nemesis = new Nemesis(world, (text) => progress.say(text));
  const startedMs = performance.now();
  await world.startServices();
  const striking = nemesis.run();
  await watchJob(world, progress);
  nemesis.stop();
  const seconds = (performance.now() - startedMs) / 1000;
  await striking;
  progress.say("reading what the run left");
  const endedByThemselves = world.services.flatMap(({ gaveUp }) => gaveUp);
  const evidence = await gatherEvidence(world, nemesis.tally.sandboxdKills);
  const { options } = world.plan;
  return {
    options,
    seconds,
    strikes: nemesis.counts,
    endedByThemselves,
    evidence,
    findings: checkRun(evidence),
  };
}
