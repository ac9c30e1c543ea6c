import type { CallReturn, TurnState } from "./state.ts";

/** What of a tool call its time is counted from. */
export interface TimedCall {
  readonly returned: Pick<CallReturn, "startedAtMs" | "durationMs"> | null;
}

/** What of a turn its time is counted from. */
export interface TimedTurn extends Pick<TurnState, "modelMs"> {
  readonly calls: readonly TimedCall[];
}

/**
 * The agent time that an attempt has consumed, in milliseconds: recorded model time, plus for each turn the wall time
 * of the union of its parallel tool calls. Queue, claims, rate-limit waits, takeovers and calls sent again are not in it.
 */
export function consumedAgentMs(turns: readonly TimedTurn[]): number {
  let totalMs = 0;
  for (const turn of turns) totalMs += turn.modelMs + unionMs(turn.calls);
  return totalMs;
}

/** Length of the union of the calls' intervals; calls that never ran count nothing. */
export function unionMs(calls: readonly TimedCall[]): number {
  const spans = calls
    .flatMap((call) => (call.returned === null ? [] : [spanOf(call.returned)]))
    .toSorted((a, b) => a.startMs - b.startMs);
  let totalMs = 0;
  let coveredUntilMs = -Infinity;
  for (const span of spans) {
    totalMs += Math.max(0, span.endMs - Math.max(span.startMs, coveredUntilMs));
    coveredUntilMs = Math.max(coveredUntilMs, span.endMs);
  }
  return totalMs;
}

function spanOf(returned: { readonly startedAtMs: number; readonly durationMs: number }): {
  startMs: number;
  endMs: number;
} {
  return { startMs: returned.startedAtMs, endMs: returned.startedAtMs + returned.durationMs };
}
