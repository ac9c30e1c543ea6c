import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import type { FailureClass } from "../errors/failure-class.ts";
import type { TraceCounts } from "./trace-tally.ts";

/** What ended traces brought whose records are gone. */
export interface GoneTraces {
  readonly graded: number;
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>;
  /** Sum over the graded ones. */
  readonly rewards: number;
}

/** What was said of ended traces before. */
export type EarlierCounts = Pick<TraceCounts, "graded" | "failures" | "rewardMean">;

/**
 * What was said earlier and is not on record any more: traces leave some time after their end, and what they counted stays. What was
 * said lags behind the records at times, and never leads. Pure.
 */
export function goneTraces(earlier: EarlierCounts, recorded: EarlierCounts): GoneTraces {
  const failures = FAILURE_CLASSES.map((failureClass) => {
    const count = (earlier.failures[failureClass] ?? 0) - (recorded.failures[failureClass] ?? 0);
    return [failureClass, Math.max(0, count)] as const;
  });
  const graded = Math.max(0, earlier.graded - recorded.graded);
  return {
    graded,
    failures: Object.fromEntries(failures.filter(([, count]) => count > 0)),
    rewards: graded === 0 ? 0 : rewardsOf(earlier) - rewardsOf(recorded),
  };
}

/** The counts with those that are gone. Pure. */
export function withGone(counts: TraceCounts, gone: GoneTraces): TraceCounts {
  const failures: Partial<Record<FailureClass, number>> = { ...counts.failures };
  for (const failureClass of FAILURE_CLASSES) {
    const count = gone.failures[failureClass];
    if (count !== undefined) failures[failureClass] = (failures[failureClass] ?? 0) + count;
  }
  const graded = counts.graded + gone.graded;
  return {
    live: counts.live,
    graded,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
    failures,
    rewardMean: graded === 0 ? null : (rewardsOf(counts) + gone.rewards) / graded,
  };
}

function rewardsOf({ graded, rewardMean }: EarlierCounts): number {
  return graded * (rewardMean ?? 0);
}
