import { describeNumbers } from "./describe-numbers.ts";
import type { NumberSummary } from "./describe-numbers.ts";
import { bestOfK, passAtK } from "./pass-at-k.ts";
import type { ResultRecord } from "./result-record.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** One item's rollouts. */
export interface GroupRecord {
  readonly item_index: number;
  /** Rollouts that have ended. */
  readonly n: number;
  /** Of them those with a reward; the figures are over these. */
  readonly graded: number;
  readonly mean: number | null;
  readonly stddev: number | null;
  readonly best: number | null;
}

/** One tool's calls. */
export interface ToolStatistics {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly rejected: number;
  readonly seconds: NumberSummary;
  /** Calls of this tool in a rollout, over the rollouts that have a trajectory. */
  readonly perRollout: NumberSummary;
}

/** A failure that happened, with an example. */
export interface FailureStatistics {
  readonly failure_class: string;
  readonly failure_code: string;
  readonly attempts: number;
  readonly rollouts: number;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, string>>;
}

/** Everything that a report says of a run. */
export interface RunStatistics {
  readonly job: string;
  readonly rollouts: { readonly total: number; readonly graded: number; readonly failed: number };
  readonly passed: number;
  readonly reward: NumberSummary;
  readonly groups: readonly GroupRecord[];
  /** Groups of two or more graded members whose rewards are all equal. */
  readonly zeroVarianceGroups: readonly number[];
  /** For k = 1 … the largest group: the mean over groups that have k graded members. */
  readonly passAtK: readonly (number | null)[];
  readonly bestOfK: readonly (number | null)[];
  readonly failures: readonly FailureStatistics[];
  readonly stopReasons: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
  readonly tools: readonly ToolStatistics[];
  readonly turns: NumberSummary;
  readonly toolCalls: NumberSummary;
  /** Tool calls of one turn. */
  readonly callsPerTurn: NumberSummary;
  readonly seconds: Readonly<Record<keyof ResultRecord["seconds"], NumberSummary>>;
  readonly tokens: {
    readonly prompt: number;
    readonly completion: number;
    /** In attempts that failed. */
    readonly wasted: number;
    /** Rollouts whose endpoint reported no usage. */
    readonly unreported: number;
  };
  readonly failedAttempts: number;
}

/** Gathers a run's statistics one record at a time; memory grows by a few numbers a rollout, never by texts. */
export class StatisticsBuilder {
  readonly #results: ResultRecord[] = [];
  readonly #attempts: ResultRecord[] = [];
  readonly #toolSeconds = new Map<string, number[]>();
  readonly #toolEnds = new Map<string, { failed: number; rejected: number }>();
  readonly #perRollout: Map<string, number>[] = [];
  readonly #callsPerTurn: number[] = [];

  addResult(record: ResultRecord): void {
    this.#results.push(record);
  }

  addFailedAttempt(record: ResultRecord): void {
    this.#attempts.push(record);
  }

  addTrajectory({ calls, turns }: Pick<TrajectoryRecord, "calls" | "turns">): void {
    const counts = new Map<string, number>();
    const perTurn = turns.map(() => 0);
    for (const call of calls) {
      counts.set(call.name, (counts.get(call.name) ?? 0) + 1);
      perTurn[call.turn] = (perTurn[call.turn] ?? 0) + 1;
      const seconds = this.#toolSeconds.get(call.name) ?? [];
      this.#toolSeconds.set(call.name, seconds);
      if (call.seconds !== null && call.result !== "rejected") seconds.push(call.seconds);
      const ends = this.#toolEnds.get(call.name) ?? { failed: 0, rejected: 0 };
      this.#toolEnds.set(call.name, ends);
      if (call.result === "failed") ends.failed += 1;
      if (call.result === "rejected") ends.rejected += 1;
    }
    this.#perRollout.push(counts);
    this.#callsPerTurn.push(...perTurn.filter((count) => count > 0));
  }

  build(job: string): RunStatistics {
    const results = this.#results;
    const graded = results.filter((record) => record.reward !== null);
    const groups = groupsOf(results);
    const bySize = [...rewardsByItem(graded).values()];
    const largest = Math.max(0, ...bySize.map((members) => members.length));
    const ks = Array.from({ length: largest }, (_, index) => index + 1);
    const pick = (of: (record: ResultRecord) => number): NumberSummary => describeNumbers(results.map(of));
    return {
      job,
      rollouts: { total: results.length, graded: graded.length, failed: results.length - graded.length },
      passed: graded.filter(({ passed }) => passed === true).length,
      reward: describeNumbers(rewardsOf(graded)),
      groups,
      zeroVarianceGroups: groups.filter(isFlat).map(({ item_index }) => item_index),
      passAtK: ks.map((k) => meanKnown(bySize.map((members) => passOf(members, k)))),
      bestOfK: ks.map((k) => meanKnown(bySize.map((members) => bestOfK(rewardsOf(members), k)))),
      failures: failuresOf(results, this.#attempts),
      stopReasons: countBy(results.flatMap(({ stop_reason }) => stop_reason ?? [])),
      flags: countBy(results.flatMap(({ flags }) => flags)),
      tools: this.#tools(),
      turns: pick(({ turns }) => turns),
      toolCalls: pick(({ tool_calls }) => tool_calls),
      callsPerTurn: describeNumbers(this.#callsPerTurn),
      seconds: {
        queued: pick(({ seconds }) => seconds.queued),
        sandbox: pick(({ seconds }) => seconds.sandbox),
        model: pick(({ seconds }) => seconds.model),
        tool: pick(({ seconds }) => seconds.tool),
        grade: pick(({ seconds }) => seconds.grade),
      },
      tokens: tokensOf(results, this.#attempts),
      failedAttempts: this.#attempts.length,
    };
  }

  #tools(): readonly ToolStatistics[] {
    const counts = (name: string): number[] => this.#perRollout.map((rollout) => rollout.get(name) ?? 0);
    return [...this.#toolSeconds.keys()].toSorted().map((name) => {
      const perRollout = counts(name);
      const ends = this.#toolEnds.get(name) ?? { failed: 0, rejected: 0 };
      return {
        name,
        calls: perRollout.reduce((sum, count) => sum + count, 0),
        ...ends,
        seconds: describeNumbers(this.#toolSeconds.get(name) ?? []),
        perRollout: describeNumbers(perRollout),
      };
    });
  }
}

function groupsOf(results: readonly ResultRecord[]): readonly GroupRecord[] {
  const byItem = rewardsByItem(results);
  return [...byItem.keys()]
    .toSorted((a, b) => a - b)
    .map((item) => {
      const members = byItem.get(item) ?? [];
      const { n, mean, stddev, max } = describeNumbers(rewardsOf(members));
      return { item_index: item, n: members.length, graded: n, mean, stddev, best: max };
    });
}

function rewardsByItem(records: readonly ResultRecord[]): ReadonlyMap<number, readonly ResultRecord[]> {
  return Map.groupBy(records, ({ item_index }) => item_index);
}

function rewardsOf(records: readonly ResultRecord[]): readonly number[] {
  return records.flatMap(({ reward }) => reward ?? []);
}

function isFlat({ graded, stddev }: GroupRecord): boolean {
  return graded > 1 && stddev !== null && stddev < 1e-12;
}

function passOf(members: readonly ResultRecord[], k: number): number | null {
  return passAtK(members.length, members.filter(({ passed }) => passed === true).length, k);
}

function meanKnown(values: readonly (number | null)[]): number | null {
  return describeNumbers(values.flatMap((value) => value ?? [])).mean;
}

function failuresOf(
  results: readonly ResultRecord[],
  attempts: readonly ResultRecord[],
): readonly FailureStatistics[] {
  const kindOf = (record: ResultRecord): string => `${record.failure_class}/${record.failure_code}`;
  const finals = countBy(results.filter(({ outcome }) => outcome === "failed").map(kindOf));
  return [...Map.groupBy(attempts, kindOf)]
    .map(([kind, records]) => ({
      failure_class: records[0]?.failure_class ?? "internal",
      failure_code: records[0]?.failure_code ?? "internal",
      attempts: records.length,
      rollouts: finals[kind] ?? 0,
      reason: records[0]?.failure_reason ?? "",
      evidence: records[0]?.evidence ?? {},
    }))
    .toSorted((a, b) => b.attempts - a.attempts);
}

function tokensOf(
  results: readonly ResultRecord[],
  attempts: readonly ResultRecord[],
): RunStatistics["tokens"] {
  const total = (
    of: (usage: NonNullable<ResultRecord["usage"]>) => number,
    of2: readonly ResultRecord[],
  ): number => of2.reduce((sum, { usage }) => sum + (usage === null ? 0 : of(usage)), 0);
  return {
    prompt: total((usage) => usage.prompt_tokens, results),
    completion: total((usage) => usage.completion_tokens, results),
    wasted: total((usage) => usage.prompt_tokens + usage.completion_tokens, attempts),
    unreported: results.filter(({ usage, turns }) => usage === null && turns > 0).length,
  };
}

function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts = [...Map.groupBy(values, (value) => value)].map(([value, all]): [string, number] => [
    value,
    all.length,
  ]);
  return Object.fromEntries(counts.toSorted((a, b) => b[1] - a[1]));
}
