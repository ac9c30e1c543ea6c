import { totalSeconds } from "./rollout-facts.ts";
import type { RolloutFacts } from "./rollout-facts.ts";

/** A rollout worth reading, and why. */
export interface TellingRollout {
  readonly item_index: number;
  readonly sample_index: number;
  readonly reward: number | null;
  readonly why: string;
}

type Graded = RolloutFacts & { readonly reward: number };

/** Groups whose best and worst members are shown. */
const SPLIT_GROUPS = 3;
/** Kinds of failure, and flags, of which one rollout is shown. */
const FAILURE_KINDS = 3;
const FLAGS = 10;

/**
 * The rollouts that tell most: the best and the worst of the groups that differ most, the highest and the lowest of all,
 * the longest, the slowest, and one for each flag and each frequent kind of failure. Each at most once.
 */
export function tellingRollouts(rollouts: readonly RolloutFacts[]): readonly TellingRollout[] {
  const graded = rollouts.filter((facts): facts is Graded => facts.reward !== null);
  const chosen = [
    ...splitGroups(graded),
    ...extreme(graded, ({ reward }) => reward, "highest reward"),
    ...extreme(graded, ({ reward }) => -reward, "lowest reward"),
    ...extreme(rollouts, ({ tool_calls }) => tool_calls, "most tool calls"),
    ...extreme(rollouts, totalSeconds, "slowest"),
    ...flagged(rollouts),
    ...failed(rollouts),
  ];
  const byPlace = Map.groupBy(chosen, ({ item_index, sample_index }) => `${item_index}-${sample_index}`);
  return [...byPlace.values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, why: same.map(({ why }) => why).join("; ") }];
  });
}

function splitGroups(graded: readonly Graded[]): readonly TellingRollout[] {
  const groups = [...Map.groupBy(graded, ({ item_index }) => item_index).values()].flatMap((members) => {
    const sorted = members.toSorted((a, b) => b.reward - a.reward);
    const [best, worst] = [sorted[0], sorted.at(-1)];
    return best === undefined || worst === undefined
      ? []
      : [{ best, worst, spread: best.reward - worst.reward }];
  });
  return groups
    .filter(({ spread }) => spread > 0)
    .toSorted((a, b) => b.spread - a.spread)
    .slice(0, SPLIT_GROUPS)
    .flatMap(({ best, worst }) => [
      telling(best, `best of item ${best.item_index}, whose samples differ most`),
      telling(worst, `worst of item ${worst.item_index}`),
    ]);
}

/** The one where the measure is largest; none when all are the same. */
function extreme<T extends RolloutFacts>(
  rollouts: readonly T[],
  measure: (facts: T) => number,
  why: string,
): readonly TellingRollout[] {
  const [first] = rollouts;
  if (first === undefined) return [];
  const most = rollouts.reduce((found, facts) => (measure(facts) > measure(found) ? facts : found), first);
  return rollouts.every((facts) => measure(facts) === measure(most)) ? [] : [telling(most, why)];
}

function flagged(rollouts: readonly RolloutFacts[]): readonly TellingRollout[] {
  const first = new Map<string, RolloutFacts>();
  for (const facts of rollouts) {
    for (const flag of facts.flags) if (!first.has(flag)) first.set(flag, facts);
  }
  return [...first].slice(0, FLAGS).map(([flag, facts]) => telling(facts, `flag ${flag}`));
}

/** Of each of the most frequent kinds of failure the rollout that got furthest. */
function failed(rollouts: readonly RolloutFacts[]): readonly TellingRollout[] {
  const kinds = Map.groupBy(
    rollouts.filter(({ reward }) => reward === null),
    ({ failure_class, failure_code }) => `${failure_class ?? "internal"}/${failure_code ?? "internal"}`,
  );
  return [...kinds]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, FAILURE_KINDS)
    .flatMap(([kind, [first, ...others]]) => {
      if (first === undefined) return [];
      const furthest = others.reduce((found, facts) => (facts.turns > found.turns ? facts : found), first);
      return [telling(furthest, `failed by ${kind}`)];
    });
}

function telling({ item_index, sample_index, reward }: RolloutFacts, why: string): TellingRollout {
  return { item_index, sample_index, reward, why };
}
