import type { Evidence } from "./checker/evidence.ts";
import type { SeenOutcome } from "./checker/seen-outcome.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { findingLines } from "./report-storm.ts";
import { runStorm } from "./storm.ts";

/** What a job with lost members wastes. */
export interface WasteFigures {
  readonly rollouts: number;
  readonly groupSize: number;
  readonly attempts: number;
  /** First attempts that infrastructure failed, percent. */
  readonly lostPercent: number;
  /** Attempts that nobody can use, percent of all. */
  readonly wastedPercent: number;
  /** The same where a group that lost a member is dropped whole. */
  readonly wholeGroupsPercent: number;
  /** Groups that have all their members in the end, percent. */
  readonly completeGroupsPercent: number;
}

/** Most that may be wasted, percent. */
const MOST_PERCENT = 6;

/** Groups whose members infrastructure fails now and then: what is run in vain, beside what dropping groups would waste. */
export async function runWaste(options: ChaosOptions, progress: Progress): Promise<ScenarioResult> {
  const faults = { modelPercent: options.faults, setupPercent: 0, troublePercent: 0 };
  const { evidence, findings, seconds } = await runStorm({ ...options, strikes: [] }, progress, { faults });
  const figures = wasteOf(evidence);
  const isGood = findings.length === 0 && figures.wastedPercent < MOST_PERCENT;
  return {
    json: { ...figures, seconds: Math.round(seconds), findings: findings.length },
    text: [wasteTable(figures), ...findingLines(findings), ""].join("\n"),
    code: isGood ? 0 : 1,
  };
}

/** Counts it from the outcomes alone. */
export function wasteOf({
  outcomes,
  rollouts,
  behaviour,
}: Pick<Evidence, "outcomes" | "rollouts" | "behaviour">): WasteFigures {
  const { samplesPerItem } = behaviour;
  const chains = [...outcomes];
  const attempts = chains.reduce((sum, [, chain]) => sum + chain.length, 0);
  const groups = [...Map.groupBy(chains, ([rollout]) => Math.floor(rollout / samplesPerItem)).values()];
  const isGraded = (chain: readonly SeenOutcome[]): boolean => chain.at(-1)?.outcome === "graded";
  const isLost = (chain: readonly SeenOutcome[]): boolean => chain[0]?.outcome === "failed";
  const used = chains.filter(([, chain]) => isGraded(chain)).length;
  const broken = groups.filter((group) => group.some(([, chain]) => isLost(chain)));
  const percent = (part: number, whole: number): number => Math.round((10_000 * part) / whole) / 100;
  return {
    rollouts,
    groupSize: samplesPerItem,
    attempts,
    lostPercent: percent(chains.filter(([, chain]) => isLost(chain)).length, rollouts),
    wastedPercent: percent(attempts - used, attempts),
    wholeGroupsPercent: percent(broken.length, groups.length),
    completeGroupsPercent: percent(
      groups.filter((group) => group.every(([, chain]) => isGraded(chain))).length,
      groups.length,
    ),
  };
}

function wasteTable(figures: WasteFigures): string {
  const rows: readonly (readonly [string, string])[] = [
    ["rollouts", `${figures.rollouts}, groups of ${figures.groupSize}`],
    ["members lost at their first attempt", `${figures.lostPercent} %`],
    ["attempts", String(figures.attempts)],
    ["wasted: only lost members run again", `${figures.wastedPercent} %`],
    ["wasted: whole groups dropped", `${figures.wholeGroupsPercent} %`],
    ["groups complete in the end", `${figures.completeGroupsPercent} %`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(40)}${value}`).join("\n");
}
