import { hasZeroVariance } from "../job/zero-variance.ts";
import { describeNumbers } from "../lib/describe-numbers.ts";
import { rankCorrelation } from "../regrade/rank-correlation.ts";
import { groupStatistics } from "../trajectory/group-statistics.ts";
import { rewardsOf } from "../trajectory/rollout-facts.ts";
import type { RolloutFacts } from "../trajectory/rollout-facts.ts";
import type { CallsBucket, ItemFacts, PreflightFacts } from "./preflight-facts.ts";

/** What a baseline's results say by themselves. */
export type BaselineFacts = Omit<PreflightFacts, "determinism" | "answers" | "agentFiles">;

type Rollout = Pick<RolloutFacts, "item_index" | "sample_index" | "reward" | "passed" | "tool_calls">;

/** Reads the facts off a baseline's rollouts. `hasTools`: the model was told of tools. */
export function baselineFacts(rollouts: readonly Rollout[], hasTools: boolean): BaselineFacts {
  const graded = rollouts.filter(({ reward }) => reward !== null);
  return {
    rollouts: { total: rollouts.length, graded: graded.length },
    reward: { mean: describeNumbers(rewardsOf(graded)).mean },
    items: itemFacts(rollouts),
    best: bestOf(rollouts),
    calls: {
      hasTools,
      correlation: rankCorrelation(graded.map(({ tool_calls: calls, reward }) => [calls, reward ?? 0]))
        .spearman,
      buckets: bucketsOf(graded),
    },
  };
}

function itemFacts(rollouts: readonly Rollout[]): ItemFacts {
  const items = [...Map.groupBy(rollouts, ({ item_index }) => item_index).values()].map((members) =>
    members.filter(({ reward }) => reward !== null),
  );
  const compared = items.filter(({ length }) => length >= 2);
  const useful = compared.filter((members) => !hasZeroVariance(rewardsOf(members)));
  const equal = compared.filter((members) => hasZeroVariance(rewardsOf(members)));
  const always = equal.filter((members) => members.every(({ passed }) => passed === true));
  const never = equal.filter(
    (members) => !always.includes(members) && members.every(({ reward }) => (reward ?? 0) <= 0),
  );
  return {
    compared: compared.length,
    tooFew: items.length - compared.length,
    never: never.length,
    always: always.length,
    flat: equal.length - always.length - never.length,
    useful: useful.length,
    spread: describeNumbers(useful.map((members) => describeNumbers(rewardsOf(members)).stddev ?? 0)).mean,
  };
}

/** Of the largest k that as many items have as have one. */
function bestOf(rollouts: readonly Rollout[]): PreflightFacts["best"] {
  const { samples } = groupStatistics(rollouts);
  const [one] = samples;
  const most = samples.findLast(({ groups }) => groups === one?.groups);
  if (one?.best_of_k == null || most?.best_of_k == null || most.k < 2) return null;
  return { k: most.k, one: one.best_of_k, best: most.best_of_k };
}

const BUCKETS = 4;

/** Rollouts in the order of their calls, in up to four parts of about the same size; equal numbers stay together. */
function bucketsOf(graded: readonly Rollout[]): readonly CallsBucket[] {
  const sorted = graded.toSorted((a, b) => a.tool_calls - b.tool_calls);
  const size = Math.ceil(sorted.length / BUCKETS);
  const parts: Rollout[][] = [];
  for (const rollout of sorted) {
    const part = parts.at(-1);
    const isSame = part?.at(-1)?.tool_calls === rollout.tool_calls;
    if (part !== undefined && (part.length < size || isSame)) part.push(rollout);
    else parts.push([rollout]);
  }
  return parts.flatMap((part) => {
    const { min, max } = describeNumbers(part.map(({ tool_calls: calls }) => calls));
    const { mean } = describeNumbers(rewardsOf(part));
    if (min === null || max === null || mean === null) return [];
    return [{ from: min, to: max, rollouts: part.length, mean }];
  });
}
