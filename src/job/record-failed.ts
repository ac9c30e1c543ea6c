import type { LogStore } from "../bus/port.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { NO_ACCOUNT } from "../grader/grading-account.ts";
import type { GradingAccount } from "../grader/grading-account.ts";
import { OutcomeChain } from "../grader/outcome-chain.ts";
import type { OutcomeDecision } from "../grader/outcome-decision.ts";
import type { Clock } from "../lib/clock.ts";
import type { TokenUsage } from "../model/port.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { attemptUsage } from "../rollout/attempt-usage.ts";
import type { IdSource } from "../rollout/ids.ts";
import type { AttemptState, FailureRecord } from "../rollout/state.ts";
import { failedOutcomeMessage } from "./failed-outcome.ts";

/** What recording needs of the world. */
export interface RecordDeps {
  readonly bus: LogStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly signal: AbortSignal;
}

/** A failed attempt without an outcome. */
export interface FailedAttemptToRecord {
  readonly ref: AttemptRef;
  /** Stream sequence of the outcome before it, as the request says. */
  readonly outcomeAfter: number;
  readonly failure: FailureRecord;
  /** Of its grading, where it had one. */
  readonly account?: GradingAccount;
}

/** What its outcome says of its log. */
export interface LogToRecord {
  readonly attempt: AttemptState | null;
  /** Tokens of an attempt that could not be read as one. */
  readonly usage?: TokenUsage | null;
  readonly lastSequence: number;
}

/**
 * Records the `failed` outcome of an attempt whose log is sealed, or can't be read. Resolves with false when the
 * attempt has an outcome. Rejects with `log_conflict` when outcomes before it are missing.
 */
export async function recordFailed(
  deps: RecordDeps,
  end: FailedAttemptToRecord,
  log: LogToRecord,
): Promise<boolean> {
  const { ref, failure } = end;
  const decision = await chainOf(deps, ref, end.outcomeAfter).decide();
  if (decision.kind === "ended") return false;
  const outcomeAfter = placeInChain(decision, end);
  const chain = chainOf(deps, ref, outcomeAfter);
  const message = failedOutcomeMessage({
    ref,
    failure,
    account: end.account ?? NO_ACCOUNT,
    lastSequence: log.lastSequence,
    usage: log.attempt === null ? (log.usage ?? null) : attemptUsage(log.attempt),
    endedAtMs: deps.clock.nowMs(),
    nonce: deps.ids.nonce(),
  });
  const expected = decision.kind === "open" ? decision.expectedLastSequence : outcomeAfter;
  return (await chain.record(message, expected)).kind === "recorded";
}

function chainOf(deps: RecordDeps, ref: AttemptRef, outcomeAfter: number): OutcomeChain {
  return new OutcomeChain(deps.bus, { parts: ref, attempt: ref.attempt, outcomeAfter }, deps);
}

/**
 * The sequence that the outcome follows. A request that could not be read does not know it; the chain does: the
 * failed outcome of the attempt before is there, or nothing at all before the first attempt.
 */
function placeInChain(
  decision: Exclude<OutcomeDecision, { kind: "ended" }>,
  { ref, outcomeAfter }: FailedAttemptToRecord,
): number {
  if (decision.kind === "open") return outcomeAfter;
  const { last, failure } = decision;
  if (last.attempt === ref.attempt - 1 && last.isFailed) return last.sequence;
  throw new RollyardError("log_conflict", { message: failure.cause, details: failure.evidence });
}
