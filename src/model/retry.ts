import type { TryOutcome } from "./try-outcome.ts";

/** What a call has used of its budget so far. */
export interface RetryLedger {
  /** Spent of {@link TRY_BUDGET}. */
  readonly spent: number;
  readonly unreachable: number;
  /** Monotonic time of the call's first refusal; null before one. */
  readonly refusedSinceMs: number | null;
}

/** A call that has not been tried yet. */
export const FRESH_LEDGER: RetryLedger = { spent: 0, unreachable: 0, refusedSinceMs: null };

/** What to do after a try that brought neither an answer nor a stop. */
export type RetryDecision =
  | { readonly kind: "retry"; readonly delayMs: number; readonly ledger: RetryLedger }
  | { readonly kind: "give_up" };

/** Tries of a call that fails in ways that may pass: 5xx, a lost connection, a body that is no completion. */
export const TRY_BUDGET = 5;
/** A wall or idle timeout has cost minutes already: two of them spend the budget. */
const TIMEOUT_COST = 3;
/** Refused connections: three tries within five seconds, so that a wrong URL fails a job at once. */
const UNREACHABLE_TRIES = 3;
const UNREACHABLE_DELAYS_MS = [1000, 2500];
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** An endpoint that refuses one call for this long is not throttling but gone. */
export const LONGEST_REFUSAL_MS = 30 * 60_000;

/**
 * The one place that decides on another try of a model call. `random` is in [0, 1).
 * A refusal (429) costs nothing but time: its wait is the endpoint's gate's, so the delay is 0. An endpoint that
 * nothing has ever reached, after three tries of another call, gets one: a wrong URL ends a job at any parallelism.
 */
export function decideRetry(
  ledger: RetryLedger,
  outcome: Extract<TryOutcome, { kind: "failed" | "refused" }>,
  at: { readonly nowMs: number; readonly random: number; readonly isUnknownEndpoint: boolean },
): RetryDecision {
  if (outcome.kind === "refused") return afterRefusal(ledger, at.nowMs);
  switch (outcome.code) {
    case "model_unreachable":
      return at.isUnknownEndpoint ? { kind: "give_up" } : afterUnreachable(ledger, at.random);
    case "model_server_error":
    case "model_connection_lost":
    case "model_bad_response":
      return afterFault(ledger, 1, { ...at, retryAfterMs: outcome.retryAfterMs });
    case "model_timeout":
      return afterFault(ledger, TIMEOUT_COST, { ...at, retryAfterMs: outcome.retryAfterMs });
    default:
      return { kind: "give_up" };
  }
}

function afterRefusal(ledger: RetryLedger, nowMs: number): RetryDecision {
  const sinceMs = ledger.refusedSinceMs ?? nowMs;
  if (nowMs - sinceMs >= LONGEST_REFUSAL_MS) return { kind: "give_up" };
  return { kind: "retry", delayMs: 0, ledger: { ...ledger, refusedSinceMs: sinceMs } };
}

function afterUnreachable(ledger: RetryLedger, random: number): RetryDecision {
  const delayMs = UNREACHABLE_DELAYS_MS[ledger.unreachable];
  const unreachable = ledger.unreachable + 1;
  if (unreachable >= UNREACHABLE_TRIES || delayMs === undefined) return { kind: "give_up" };
  // Jitter only shortens: the three tries stay within the five seconds.
  return {
    kind: "retry",
    delayMs: delayMs * (0.7 + 0.3 * random),
    ledger: { ...ledger, unreachable },
  };
}

function afterFault(
  ledger: RetryLedger,
  cost: number,
  at: { readonly random: number; readonly retryAfterMs: number | null },
): RetryDecision {
  const spent = ledger.spent + cost;
  if (spent >= TRY_BUDGET) return { kind: "give_up" };
  const backoffMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** ledger.spent);
  const jitteredMs = backoffMs * (0.5 + 0.5 * at.random);
  const delayMs = Math.min(Math.max(at.retryAfterMs ?? 0, jitteredMs), LONGEST_DELAY_MS);
  return { kind: "retry", delayMs, ledger: { ...ledger, spent } };
}
