import { rolloutIndex } from "../rollout/ids.ts";
import type { RolloutPlace } from "../rollout/ids.ts";

/** How a rollout of an ended job stands, its earlier retries counted in. */
export interface FinalOutcome extends RolloutPlace {
  /** Null for one that has a reward. */
  readonly failureClass: string | null;
}

/** Which of the failed rollouts are wanted; an empty list asks for all. */
export interface RetryFilter {
  readonly classes: readonly string[];
  /** 0-based item indexes. */
  readonly items: readonly number[];
}

/** What `spec.indexes` of a retry holds: the rollouts without a reward that the filter lets through. Pure. */
export function selectRetries(
  outcomes: readonly FinalOutcome[],
  samplesPerItem: number,
  filter: RetryFilter,
): readonly number[] {
  return outcomes
    .filter((outcome) => isWanted(outcome, filter))
    .map((outcome) => rolloutIndex(outcome, samplesPerItem))
    .toSorted((a, b) => a - b);
}

/** Of the items that a filter names, those that the job has not, and all that it has. Pure. */
export function unknownItems(
  outcomes: readonly FinalOutcome[],
  { items }: Pick<RetryFilter, "items">,
): { readonly unknown: readonly number[]; readonly known: readonly number[] } {
  const known = [...new Set(outcomes.map(({ itemIndex }) => itemIndex))].toSorted((a, b) => a - b);
  return { unknown: items.filter((item) => !known.includes(item)), known };
}

function isWanted({ failureClass, itemIndex }: FinalOutcome, { classes, items }: RetryFilter): boolean {
  if (failureClass === null) return false;
  if (classes.length > 0 && !classes.includes(failureClass)) return false;
  return items.length === 0 || items.includes(itemIndex);
}
