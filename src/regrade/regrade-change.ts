import { describeNumbers } from "../lib/describe-numbers.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import { rankCorrelation } from "./rank-correlation.ts";

/** A rollout's reward before and in the series. */
export interface RegradePair {
  readonly rollout: string;
  readonly item_index: number;
  readonly sample_index: number;
  readonly before: number | null;
  readonly after: number | null;
}

/** One whose reward changed. */
export interface MovedRollout extends Omit<RegradePair, "before" | "after"> {
  readonly before: number;
  readonly after: number;
  readonly change: number;
}

/** What another grader makes of the same rollouts. Figures over pairs are over those that have both rewards. */
export interface RegradeChange {
  readonly rollouts: number;
  readonly pairs: number;
  readonly mean_before: number | null;
  readonly mean_after: number | null;
  readonly stddev_before: number | null;
  readonly stddev_after: number | null;
  readonly spearman: number | null;
  readonly kendall: number | null;
  readonly higher: number;
  readonly lower: number;
  readonly same: number;
  /** Rollouts that have a reward now and had none, and the other way round. */
  readonly reward_found: number;
  readonly reward_lost: number;
  /** Most first. */
  readonly most_moved: readonly MovedRollout[];
  readonly failures: readonly RegradeFailures[];
}

/** Rollouts without a reward in the series, by kind. */
export interface RegradeFailures {
  readonly failure_class: string;
  readonly failure_code: string;
  /** In the words of the first. */
  readonly failure_reason: string;
  readonly rollouts: number;
}

const MOST_MOVED = 10;

/** Gathers a series' rollouts; memory holds a few numbers of each. */
export class RegradeChangeBuilder {
  readonly #pairs: RegradePair[] = [];
  readonly #failures = new Map<string, { -readonly [Key in keyof RegradeFailures]: RegradeFailures[Key] }>();

  add(record: ResultRecord, before: number | null): void {
    const { rollout, item_index, sample_index, reward: after } = record;
    this.#pairs.push({ rollout, item_index, sample_index, before, after });
    if (record.outcome === "failed") this.#countFailure(record);
  }

  build(): RegradeChange {
    const both = this.#pairs.flatMap(movedOf);
    const [before, after] = [both.map((pair) => pair.before), both.map((pair) => pair.after)];
    const [old, now] = [describeNumbers(before), describeNumbers(after)];
    return {
      rollouts: this.#pairs.length,
      pairs: both.length,
      mean_before: old.mean,
      mean_after: now.mean,
      stddev_before: old.stddev,
      stddev_after: now.stddev,
      ...rankCorrelation(both.map((pair) => [pair.before, pair.after])),
      higher: both.filter(({ change }) => change > 0).length,
      lower: both.filter(({ change }) => change < 0).length,
      same: both.filter(({ change }) => change === 0).length,
      reward_found: this.#pairs.filter((pair) => pair.before === null && pair.after !== null).length,
      reward_lost: this.#pairs.filter((pair) => pair.before !== null && pair.after === null).length,
      most_moved: both
        .filter(({ change }) => change !== 0)
        .toSorted((a, b) => Math.abs(b.change) - Math.abs(a.change))
        .slice(0, MOST_MOVED),
      failures: [...this.#failures.values()].toSorted((a, b) => b.rollouts - a.rollouts),
    };
  }

  #countFailure({ failure_class, failure_code, failure_reason }: ResultRecord): void {
    const kind = { failure_class: failure_class ?? "internal", failure_code: failure_code ?? "internal" };
    const key = `${kind.failure_class}/${kind.failure_code}`;
    const known = this.#failures.get(key);
    if (known === undefined) {
      this.#failures.set(key, { ...kind, failure_reason: failure_reason ?? "", rollouts: 1 });
    } else known.rollouts += 1;
  }
}

function movedOf({ before, after, ...place }: RegradePair): readonly MovedRollout[] {
  return before === null || after === null ? [] : [{ ...place, before, after, change: after - before }];
}
