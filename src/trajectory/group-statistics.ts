import { hasZeroVariance } from "../job/zero-variance.ts";
import { describeNumbers } from "../lib/describe-numbers.ts";
import { bestOfK, passAtK } from "./pass-at-k.ts";
import { rewardsOf } from "./rollout-facts.ts";
import type { RolloutFacts } from "./rollout-facts.ts";

/** A line of groups.jsonl: one item's rollouts. */
export interface GroupRecord {
  readonly item_index: number;
  /** Rollouts that have ended. */
  readonly n: number;
  /** Of them those with a reward; the figures are over these. */
  readonly graded: number;
  readonly mean: number | null;
  /** Population standard deviation. */
  readonly stddev: number | null;
  readonly best: number | null;
}

/** What k samples of an item would reach, averaged over the groups that have k graded members. */
export interface SamplesEstimate {
  readonly k: number;
  readonly groups: number;
  readonly pass_at_k: number | null;
  readonly best_of_k: number | null;
}

/** Everything about groups. */
export interface GroupStatistics {
  /** By item index. */
  readonly groups: readonly GroupRecord[];
  /** Items whose two or more graded members all have the same reward: a policy gradient gets nothing from them. */
  readonly zero_variance_groups: readonly number[];
  /** For k = 1 … the largest group. */
  readonly samples: readonly SamplesEstimate[];
}

type Member = Pick<RolloutFacts, "item_index" | "reward" | "passed">;

/** Gathers rollouts by item. */
export function groupStatistics(rollouts: readonly Member[]): GroupStatistics {
  const byItem = [...Map.groupBy(rollouts, ({ item_index }) => item_index)].toSorted(([a], [b]) => a - b);
  const members = byItem.map(([, own]) => own.filter(({ reward }) => reward !== null));
  const largest = members.reduce((most, { length }) => Math.max(most, length), 0);
  return {
    groups: byItem.map(([item, own]) => groupRecord(item, own)),
    zero_variance_groups: byItem.filter(([, own]) => hasZeroVariance(rewardsOf(own))).map(([item]) => item),
    samples: Array.from({ length: largest }, (_, index) => estimateOf(members, index + 1)),
  };
}

function groupRecord(item: number, members: readonly Member[]): GroupRecord {
  const { n, mean, stddev, max } = describeNumbers(rewardsOf(members));
  return { item_index: item, n: members.length, graded: n, mean, stddev, best: max };
}

function estimateOf(groups: readonly (readonly Member[])[], k: number): SamplesEstimate {
  const large = groups.filter(({ length }) => length >= k);
  const passing = large.flatMap((own) => passAtK(own.length, passedIn(own), k) ?? []);
  const best = large.flatMap((own) => bestOfK(rewardsOf(own), k) ?? []);
  return {
    k,
    groups: large.length,
    pass_at_k: describeNumbers(passing).mean,
    best_of_k: describeNumbers(best).mean,
  };
}

function passedIn(members: readonly Member[]): number {
  return members.filter(({ passed }) => passed === true).length;
}
