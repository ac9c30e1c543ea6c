import { barChart, lineChart, stripChart } from "./reward-charts.ts";
import type { Bar } from "./reward-charts.ts";
import type { SectionId } from "./report-sections.ts";
import { rewardsOf } from "./rollout-facts.ts";
import type { RolloutFacts } from "./rollout-facts.ts";
import type { RunStatistics } from "./run-statistics.ts";
import { phaseChart, tailChart } from "./time-charts.ts";

/** Bars of the rewards are this many steps apart, so that 0 and 1 have bars of their own. */
const STEPS = 20;
/** Tool-call counts that get a bar of their own; larger ones share bars. */
const COUNT_BARS = 40;

/** The charts of a report, by section. */
export function sectionCharts(
  stats: RunStatistics,
  rollouts: readonly RolloutFacts[],
): Partial<Readonly<Record<SectionId, readonly string[]>>> {
  const graded = rollouts.filter(({ reward }) => reward !== null);
  const rewards = rewardsOf(graded);
  return {
    rewards: rewards.length === 0 ? [] : [barChart("Rollouts by reward", rewardBars(rewards))],
    groups: [groupChart(graded)],
    samples:
      stats.samples.length < 2
        ? []
        : [
            lineChart("pass@k and best of k, by k", [
              { name: "pass@k", values: stats.samples.map(({ pass_at_k }) => pass_at_k) },
              { name: "best of k", values: stats.samples.map(({ best_of_k }) => best_of_k) },
            ]),
          ],
    tools: [
      barChart("Rollouts by number of tool calls", callBars(graded)),
      tailChart(
        "Seconds of a call, by tool",
        stats.tools.map(({ name, seconds }) => ({ name, summary: seconds })),
      ),
    ],
    phases: [phaseChart("Seconds of a rollout by phase, fastest rollouts first", graded)],
  };
}

function groupChart(rollouts: readonly RolloutFacts[]): string {
  const strips = [...Map.groupBy(rollouts, ({ item_index }) => item_index)].flatMap(([item, members]) => {
    const values = rewardsOf(members);
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    return values.length === 0 ? [] : [{ label: `item ${item}`, values, mean }];
  });
  const sorted = strips.toSorted((a, b) => a.mean - b.mean);
  return stripChart("Rewards of each group, sorted by mean: members as dots, the mean as a line", sorted);
}

/** Counts of rewards around marks at equal distances over their range, which is at least 0 to 1. */
function rewardBars(rewards: readonly number[]): readonly Bar[] {
  const low = rewards.reduce((least, value) => Math.min(least, value), 0);
  const high = rewards.reduce((most, value) => Math.max(most, value), 1);
  const step = (high - low) / STEPS;
  const marks = counted(rewards.map((value) => Math.round((value - low) / step)));
  return Array.from({ length: STEPS + 1 }, (_, mark) => ({
    label: (low + mark * step).toFixed(2),
    value: marks.get(mark) ?? 0,
  }));
}

function callBars(rollouts: readonly RolloutFacts[]): readonly Bar[] {
  const most = rollouts.reduce((found, { tool_calls }) => Math.max(found, tool_calls), 0);
  const width = Math.ceil((most + 1) / COUNT_BARS);
  const bins = counted(rollouts.map(({ tool_calls }) => Math.floor(tool_calls / width)));
  return Array.from({ length: Math.floor(most / width) + 1 }, (_, bin) => ({
    label: width === 1 ? String(bin) : `${bin * width}–${(bin + 1) * width - 1}`,
    value: bins.get(bin) ?? 0,
  }));
}

function counted(values: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
