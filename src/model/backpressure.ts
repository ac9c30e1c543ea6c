/**
 * Adaptive concurrency against one endpoint: additive increase, multiplicative decrease (Chiu and Jain 1989), as TCP
 * has it. Pure: the gate (endpoint-gate.ts) holds the state and acts on it. Times are monotonic milliseconds.
 */
export interface Pressure {
  /** Most requests at once; fractional between whole steps. */
  readonly limit: number;
  /** Nothing is sent before this time. */
  readonly pausedUntilMs: number;
  /** Rounds of refusals since the last success. */
  readonly refusedRounds: number;
  /** When the limit was last lowered; refusals of requests sent before then belong to that round. */
  readonly loweredAtMs: number;
  /** When the endpoint last refused; -Infinity before it did. */
  readonly refusedAtMs: number;
}

/** An endpoint that was never heard of: wide open, since our own servers queue by themselves. */
export function openPressure(maxConcurrency: number): Pressure {
  return {
    limit: maxConcurrency,
    pausedUntilMs: 0,
    refusedRounds: 0,
    loweredAtMs: Number.NEGATIVE_INFINITY,
    refusedAtMs: Number.NEGATIVE_INFINITY,
  };
}

const DECREASE = 0.5;
/** A window without a refusal widens by this share, at least by one. */
const INCREASE_SHARE = 0.05;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A longer Retry-After is asked again after this time: quotas are often raised before they reset. */
const LONGEST_RETRY_AFTER_MS = 120_000;
/** After this time without a refusal the endpoint no longer counts as throttling. */
const CALM_MS = 10_000;

/** One refusal. */
export interface Refusal {
  readonly nowMs: number;
  /** When the refused request was sent. */
  readonly sentAtMs: number;
  /** Requests that were under way with it, itself included. */
  readonly inFlight: number;
  readonly retryAfterMs: number | null;
  /** In [0, 1): spreads the processes that share an endpoint. */
  readonly random: number;
}

/**
 * After a refusal: the whole process pauses, and the limit is halved once a round. A burst of 500 requests that are
 * all refused is one round: what was sent before the last lowering says nothing about the lower limit.
 */
export function afterRefusal(pressure: Pressure, refusal: Refusal): Pressure {
  const isNewRound = refusal.sentAtMs >= pressure.loweredAtMs;
  const refusedRounds = isNewRound ? pressure.refusedRounds + 1 : pressure.refusedRounds;
  const waitMs = pauseMs(refusal, refusedRounds, isNewRound);
  return {
    limit: isNewRound
      ? Math.max(1, Math.floor(Math.min(pressure.limit, refusal.inFlight) * DECREASE))
      : pressure.limit,
    pausedUntilMs: Math.max(pressure.pausedUntilMs, refusal.nowMs + waitMs),
    refusedRounds,
    loweredAtMs: isNewRound ? refusal.nowMs : pressure.loweredAtMs,
    refusedAtMs: refusal.nowMs,
  };
}

function pauseMs(refusal: Refusal, rounds: number, isNewRound: boolean): number {
  if (refusal.retryAfterMs !== null) return Math.min(refusal.retryAfterMs, LONGEST_RETRY_AFTER_MS);
  if (!isNewRound) return 0;
  const backoffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (rounds - 1));
  return backoffMs * (0.5 + 0.5 * refusal.random);
}

/** After an answer: a full window of them widens the limit by 5 %, at least by one. */
export function afterSuccess(pressure: Pressure, maxConcurrency: number): Pressure {
  if (pressure.limit >= maxConcurrency && pressure.refusedRounds === 0) return pressure;
  const step = Math.max(1, pressure.limit * INCREASE_SHARE) / pressure.limit;
  return {
    ...pressure,
    limit: Math.min(maxConcurrency, pressure.limit + step),
    refusedRounds: 0,
  };
}

/** Whether a request may be sent now, with `inFlight` already under way. */
export function mayGo(pressure: Pressure, inFlight: number, nowMs: number): boolean {
  return nowMs >= pressure.pausedUntilMs && inFlight < Math.max(1, Math.floor(pressure.limit));
}

/** Whether the endpoint throttles us now. */
export function isThrottled(pressure: Pressure, nowMs: number): boolean {
  return nowMs < pressure.pausedUntilMs || nowMs - pressure.refusedAtMs < CALM_MS;
}
