import type { NumberSummary } from "../lib/describe-numbers.ts";

/** The rewards of a run by another grader. */
export interface SeriesStatistics {
  readonly series: string;
  /** Name and type of its grader. */
  readonly grader: string;
  readonly rollouts: number;
  /** Over those that have a reward in it. */
  readonly reward: NumberSummary;
}
