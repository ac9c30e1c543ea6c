import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import type { FailureClass } from "../errors/failure-class.ts";
import { placeOfIndex, rolloutIndex } from "../rollout/ids.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import type { OutcomeSummary } from "./outcome-summary.ts";
import { afterFailure } from "./retry-decision.ts";
import type { AfterFailure } from "./retry-decision.ts";
import type { RetrySpec } from "./retry-spec.ts";

/** Where a rollout stands. */
export type RolloutPhase = "absent" | "pending" | "active" | "grading" | "graded" | "failed";

/** One rollout's line. */
export interface LedgerLine {
  readonly phase: RolloutPhase;
  /** The attempt that is under way, or the next one. */
  readonly attempt: number;
  /** Stream sequence that this attempt's outcome expects. */
  readonly outcomeAfter: number;
  /** Ended attempts that count against `maxAttempts`. */
  readonly countedFailures: number;
  readonly reward: number | null;
}

/** What a job is made of. */
export interface LedgerShape {
  readonly items: number;
  readonly samplesPerItem: number;
  readonly retry: RetrySpec;
  /** Only these rollout indexes belong to the job; null for all. */
  readonly indexes: readonly number[] | null;
}

/** How the first ended attempts ended, for the early stops. */
export interface FirstEnds {
  readonly attempts: readonly { readonly isConfig: boolean; readonly code: string }[];
  readonly finals: readonly { readonly isFailed: boolean; readonly code: string }[];
}

const FIRST_ENDS = 10;
const ABSENT: LedgerLine = { phase: "absent", attempt: 0, outcomeAfter: 0, countedFailures: 0, reward: null };
/** The same for all: a job may have a million. */
const PENDING: LedgerLine = { ...ABSENT, phase: "pending" };

/**
 * The accounting of one job: a line for every rollout, rebuilt at any time from work and outcomes. Feeding the same
 * outcome twice, or an older one, changes nothing.
 */
export class JobLedger {
  readonly shape: LedgerShape;
  readonly #lines: LedgerLine[];
  readonly #counts: Record<RolloutPhase, number> = {
    absent: 0,
    pending: 0,
    active: 0,
    grading: 0,
    graded: 0,
    failed: 0,
  };
  readonly #failures = Object.fromEntries(FAILURE_CLASSES.map((name) => [name, 0])) as Record<
    FailureClass,
    number
  >;
  readonly #firstAttempts: { isConfig: boolean; code: string }[] = [];
  readonly #firstFinals: { isFailed: boolean; code: string }[] = [];
  /** Rollouts that are due for another attempt, oldest first; entries may be out of date. */
  #due: RolloutPlace[] = [];
  /** No rollout before this index waits for its first attempt. */
  #freshFrom = 0;
  #retriesTaken = 0;
  #rewardSum = 0;
  #fresh: number;
  #tokens = { prompt: 0, completion: 0 };

  constructor(shape: LedgerShape) {
    this.shape = shape;
    const member = shape.indexes === null ? null : new Set(shape.indexes);
    this.#lines = Array.from({ length: shape.items * shape.samplesPerItem }, (_, index) =>
      member === null || member.has(index) ? PENDING : ABSENT,
    );
    for (const line of this.#lines) this.#counts[line.phase] += 1;
    this.#fresh = this.#counts.pending;
  }

  /** Rollouts of the job. */
  get total(): number {
    return this.#lines.length - this.#counts.absent;
  }

  get counts(): Readonly<Record<RolloutPhase, number>> {
    return this.#counts;
  }

  /** Final failed rollouts by class. */
  get failures(): Readonly<Record<FailureClass, number>> {
    return this.#failures;
  }

  /** Sum of all rewards. */
  get rewardSum(): number {
    return this.#rewardSum;
  }

  /** Attempts beyond the first that were paid by the retry budget. */
  get retriesTaken(): number {
    return this.#retriesTaken;
  }

  /** Tokens of all ended attempts, wasted ones included. */
  get tokens(): { readonly prompt: number; readonly completion: number } {
    return this.#tokens;
  }

  get firstEnds(): FirstEnds {
    return { attempts: this.#firstAttempts, finals: this.#firstFinals };
  }

  line(place: RolloutPlace): LedgerLine {
    return this.#lines[rolloutIndex(place, this.shape.samplesPerItem)] ?? ABSENT;
  }

  /** Every rollout of the job with its index, in order. */
  *lines(): Generator<readonly [index: number, line: LedgerLine]> {
    for (const [index, line] of this.#lines.entries()) if (line.phase !== "absent") yield [index, line];
  }

  /** The places of every rollout in a phase, by index. */
  *inPhase(phase: RolloutPhase): Generator<RolloutPlace> {
    for (const [index, line] of this.#lines.entries()) {
      if (line.phase === phase) yield placeOfIndex(index, this.shape.samplesPerItem);
    }
  }

  /** Rollouts waiting for an attempt: first those that ran before, then the others in order. */
  *pending(): Generator<RolloutPlace> {
    this.#due = this.#due.filter((place) => this.line(place).phase === "pending");
    yield* this.#due;
    while (this.#freshFrom < this.#lines.length && !isFresh(this.#lines[this.#freshFrom]))
      this.#freshFrom += 1;
    for (let index = this.#freshFrom; index < this.#lines.length; index += 1) {
      if (isFresh(this.#lines[index])) yield placeOfIndex(index, this.shape.samplesPerItem);
    }
  }

  /** Rollouts that were dispatched at least once. */
  get started(): number {
    return this.total - this.#fresh;
  }

  /** Rewards of the graded rollouts of each item that has one. */
  rewardsByItem(): ReadonlyMap<number, readonly number[]> {
    const byItem = new Map<number, number[]>();
    for (const [index, line] of this.#lines.entries()) {
      if (line.reward === null) continue;
      const item = Math.floor(index / this.shape.samplesPerItem);
      const rewards = byItem.get(item);
      if (rewards === undefined) byItem.set(item, [line.reward]);
      else rewards.push(line.reward);
    }
    return byItem;
  }

  /** The attempt's assignment is stored (or was found in the work stream). */
  dispatched(place: RolloutPlace, attempt: number): void {
    const line = this.line(place);
    if (line.phase === "pending" && line.attempt === attempt) this.#set(place, { ...line, phase: "active" });
  }

  /** The attempt has ended and waits for its grade or its settlement; it holds no sandbox any more. */
  released(place: RolloutPlace, attempt: number): void {
    const line = this.line(place);
    const isOpen = line.phase === "pending" || line.phase === "active";
    if (isOpen && line.attempt === attempt) this.#set(place, { ...line, phase: "grading" });
  }

  /** Counts an outcome; null when it was counted before or is out of chain. */
  ended(outcome: OutcomeSummary): AfterFailure | "graded" | null {
    const line = this.line(outcome.place);
    const isOpen = line.phase === "pending" || line.phase === "active" || line.phase === "grading";
    if (!isOpen || outcome.attempt !== line.attempt) return null;
    this.#tokens.prompt += outcome.promptTokens;
    this.#tokens.completion += outcome.completionTokens;
    return outcome.end.kind === "graded" ? this.#graded(outcome) : this.#failed(outcome, line);
  }

  #graded(outcome: OutcomeSummary): "graded" {
    if (outcome.end.kind !== "graded") return "graded";
    const line = this.line(outcome.place);
    this.#set(outcome.place, { ...line, phase: "graded", reward: outcome.end.reward });
    this.#rewardSum += outcome.end.reward;
    this.#noteAttempt({ isConfig: false, code: "" });
    this.#noteFinal({ isFailed: false, code: "" });
    return "graded";
  }

  #failed(outcome: OutcomeSummary, line: LedgerLine): AfterFailure {
    if (outcome.end.kind !== "failed") return "final";
    const { failureClass, code } = outcome.end;
    const isCounted = failureClass !== "cancelled";
    const countedFailures = line.countedFailures + (isCounted ? 1 : 0);
    if (isCounted) this.#noteAttempt({ isConfig: failureClass === "config", code });
    const decision = afterFailure({ failureClass, code, countedFailures }, this.shape.retry);
    if (decision === "final") {
      this.#failures[failureClass] += 1;
      if (isCounted) this.#noteFinal({ isFailed: true, code });
      this.#set(outcome.place, { ...line, phase: "failed", countedFailures });
      return decision;
    }
    if (decision === "retry") this.#retriesTaken += 1;
    this.#due.push(outcome.place);
    this.#set(outcome.place, {
      phase: "pending",
      attempt: line.attempt + 1,
      outcomeAfter: outcome.sequence,
      countedFailures,
      reward: null,
    });
    return decision;
  }

  #noteAttempt(end: { isConfig: boolean; code: string }): void {
    if (this.#firstAttempts.length < FIRST_ENDS) this.#firstAttempts.push(end);
  }

  #noteFinal(end: { isFailed: boolean; code: string }): void {
    if (this.#firstFinals.length < FIRST_ENDS) this.#firstFinals.push(end);
  }

  #set(place: RolloutPlace, next: LedgerLine): void {
    const before = this.line(place);
    if (isFresh(before) && !isFresh(next)) this.#fresh -= 1;
    this.#counts[before.phase] -= 1;
    this.#counts[next.phase] += 1;
    this.#lines[rolloutIndex(place, this.shape.samplesPerItem)] = next;
  }
}

function isFresh(line: LedgerLine | undefined): boolean {
  return line !== undefined && line.phase === "pending" && line.attempt === 0;
}
