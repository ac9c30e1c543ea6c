import { describeNumbers } from "../lib/describe-numbers.ts";
import type { NumberSummary } from "../lib/describe-numbers.ts";
import { FailureTally, tokensOf } from "./failure-statistics.ts";
import type { FailureStatistics } from "./failure-statistics.ts";
import { groupStatistics } from "./group-statistics.ts";
import type { GroupStatistics } from "./group-statistics.ts";
import type { ResultRecord } from "./result-record.ts";
import { PHASES, factsOf, rewardsOf } from "./rollout-facts.ts";
import type { Phase, RolloutFacts } from "./rollout-facts.ts";
import { tellingRollouts } from "./telling-rollouts.ts";
import type { TellingRollout } from "./telling-rollouts.ts";
import { ToolTally } from "./tool-statistics.ts";
import type { ToolStatistics } from "./tool-statistics.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** Rollouts that stopped for one reason. */
export interface StopStatistics {
  readonly reason: string;
  readonly rollouts: number;
  readonly graded: number;
  readonly mean_reward: number | null;
}

/** Rollouts of rows of one `split`. */
export interface SplitStatistics {
  readonly split: string;
  readonly rollouts: number;
  readonly graded: number;
  readonly mean_reward: number | null;
}

/** Tokens of all attempts. */
export interface TokenStatistics {
  readonly prompt: number;
  readonly completion: number;
  /** Of both those in attempts that failed. */
  readonly wasted: number;
  /** Graded rollouts whose endpoint reported no usage. */
  readonly unreported: number;
}

/** Everything that a report says of a run; with the groups on lines of their own it is what summary.json holds. */
export interface RunStatistics extends GroupStatistics {
  readonly job: string;
  readonly rollouts: {
    readonly total: number;
    readonly graded: number;
    readonly failed: number;
    readonly passed: number;
  };
  readonly reward: NumberSummary;
  /** By the name of the sub-grader. */
  readonly sub_rewards: Readonly<Record<string, NumberSummary>>;
  readonly failed_attempts: number;
  /** Of them those after which their rollout was tried again: not the last of one that failed, or has no outcome yet. */
  readonly retried_attempts: number;
  readonly failures: readonly FailureStatistics[];
  readonly stop_reasons: readonly StopStatistics[];
  /** Absent where no row has a `split`. */
  readonly splits?: readonly SplitStatistics[];
  /** Rollouts by flag of the graders. */
  readonly flags: Readonly<Record<string, number>>;
  /** Rollouts by policy version. */
  readonly policy_versions: Readonly<Record<string, number>>;
  readonly tools: readonly ToolStatistics[];
  /** This and the next, and the phases, are over graded rollouts: a failure cuts the others off at any point. */
  readonly turns: NumberSummary;
  readonly tool_calls: NumberSummary;
  /** Tool calls of one turn, over the turns that have any: how parallel the agent works. */
  readonly calls_per_turn: NumberSummary;
  readonly seconds: Readonly<Record<Phase, NumberSummary>>;
  readonly tokens: TokenStatistics;
  readonly telling: readonly TellingRollout[];
}

/** Gathers a run's statistics one record at a time; memory grows by a few numbers a rollout, never by texts. */
export class StatisticsBuilder {
  readonly #rollouts: RolloutFacts[] = [];
  readonly #failures = new FailureTally();
  readonly #tools = new ToolTally();
  readonly #subRewards = new Map<string, number[]>();
  readonly #policyVersions = new Map<string, number>();
  /** Rollouts with an attempt that failed. */
  readonly #failing = new Set<string>();
  readonly #tokens = { prompt: 0, completion: 0, wasted: 0, unreported: 0 };
  #job = "";

  addResult(record: ResultRecord): void {
    this.#job = record.job;
    this.#rollouts.push(factsOf(record));
    if (record.policy_version !== null) increment(this.#policyVersions, record.policy_version);
    if (record.outcome === "failed") {
      this.addFailedAttempt(record);
      this.#failures.endedBy(record);
      return;
    }
    this.#addTokens(record);
    if (record.usage === null && record.turns > 0) this.#tokens.unreported += 1;
    for (const [name, value] of Object.entries(record.sub_rewards)) {
      const values = this.#subRewards.get(name) ?? [];
      this.#subRewards.set(name, values);
      values.push(value);
    }
  }

  /** An attempt that failed; given again, or as a result too, it counts once. */
  addFailedAttempt(record: ResultRecord): void {
    if (!this.#failures.add(record)) return;
    this.#failing.add(placeOf(record));
    this.#addTokens(record);
    this.#tokens.wasted += tokensOf(record);
  }

  addTrajectory(record: Pick<TrajectoryRecord, "calls">): void {
    this.#tools.add(record);
  }

  /** What was added, for charts. */
  get rollouts(): readonly RolloutFacts[] {
    return this.#rollouts;
  }

  /** The statistics of what was added; `folderName` stands in for the job's name while there is no result. */
  build(folderName: string): RunStatistics {
    const rollouts = this.#rollouts;
    const graded = rollouts.filter(({ reward }) => reward !== null);
    const failures = this.#failures.failures();
    const failedAttempts = failures.reduce((sum, { attempts }) => sum + attempts, 0);
    const failed = rollouts.length - graded.length;
    const figure = (of: (facts: RolloutFacts) => number): NumberSummary => describeNumbers(graded.map(of));
    return {
      job: this.#job === "" ? folderName : this.#job,
      rollouts: {
        total: rollouts.length,
        graded: graded.length,
        failed,
        passed: graded.filter(({ passed }) => passed === true).length,
      },
      reward: describeNumbers(rewardsOf(graded)),
      sub_rewards: mapped(this.#subRewards, describeNumbers),
      ...groupStatistics(rollouts),
      failed_attempts: failedAttempts,
      retried_attempts: failedAttempts - failed - this.#waiting(),
      failures,
      stop_reasons: stopStatistics(rollouts),
      ...splitStatistics(rollouts),
      flags: counted(rollouts.flatMap(({ flags }) => flags)),
      policy_versions: Object.fromEntries(this.#policyVersions),
      tools: this.#tools.tools(),
      turns: figure(({ turns }) => turns),
      tool_calls: figure(({ tool_calls }) => tool_calls),
      calls_per_turn: this.#tools.callsPerTurn(),
      seconds: Object.fromEntries(
        PHASES.map((phase) => [phase, figure(({ seconds }) => seconds[phase])]),
      ) as Record<Phase, NumberSummary>,
      tokens: { ...this.#tokens },
      telling: tellingRollouts(rollouts),
    };
  }

  /** Rollouts with failed attempts and no outcome: the last of these attempts had no other yet. */
  #waiting(): number {
    const ended = new Set(this.#rollouts.map(placeOf));
    return [...this.#failing].filter((place) => !ended.has(place)).length;
  }

  #addTokens({ usage }: ResultRecord): void {
    this.#tokens.prompt += usage?.prompt_tokens ?? 0;
    this.#tokens.completion += usage?.completion_tokens ?? 0;
  }
}

function placeOf({ item_index, sample_index }: Pick<RolloutFacts, "item_index" | "sample_index">): string {
  return `${item_index}-${sample_index}`;
}

function stopStatistics(rollouts: readonly RolloutFacts[]): readonly StopStatistics[] {
  const stopped = rollouts.flatMap((facts) =>
    facts.stop_reason === null ? [] : [{ ...facts, reason: facts.stop_reason }],
  );
  return [...Map.groupBy(stopped, ({ reason }) => reason)]
    .map(([reason, own]) => ({ reason, ...rewardedOf(own) }))
    .toSorted((a, b) => b.rollouts - a.rollouts);
}

function splitStatistics(rollouts: readonly RolloutFacts[]): Pick<RunStatistics, "splits"> {
  const own = rollouts.flatMap((facts) =>
    facts.split === undefined ? [] : [{ ...facts, split: facts.split }],
  );
  if (own.length === 0) return {};
  const bySplit = [...Map.groupBy(own, ({ split }) => split)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { splits: bySplit.map(([split, facts]) => ({ split, ...rewardedOf(facts) })) };
}

function rewardedOf(
  rollouts: readonly RolloutFacts[],
): Pick<StopStatistics, "rollouts" | "graded" | "mean_reward"> {
  const { n, mean } = describeNumbers(rewardsOf(rollouts));
  return { rollouts: rollouts.length, graded: n, mean_reward: mean };
}

/** How often each text is there, most frequent first. */
function counted(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const text of texts) increment(counts, text);
  return Object.fromEntries([...counts].toSorted((a, b) => b[1] - a[1]));
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mapped<T, U>(values: ReadonlyMap<string, T>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries([...values].map(([key, value]) => [key, change(value)]));
}
