import type { AttemptState, CallReturn, CallState, RolloutState, Seal } from "../rollout/state.ts";

/** Tries of one call that infrastructure may lose: the first and the platform's three retries. */
export const MAX_FAILED_TRIES = 4;

/** What a trainer asks of a tool. */
export interface TraceCall {
  /** The platform's: with the trace's id it is the call's identity. */
  readonly callId: string;
  readonly name: string;
  readonly argumentsJson: string;
}

/** What is to be done about a call, by what is on record of its trace. */
export type CallDecision =
  /** It has its answer. */
  | { readonly kind: "answered"; readonly returned: CallReturn }
  /** The rollout is over, and it came too late. */
  | { readonly kind: "closed"; readonly seal: Seal }
  /** Another call has its id. */
  | { readonly kind: "conflict" }
  /** It is on record already: whoever runs it gets the one answer. */
  | { readonly kind: "known"; readonly call: CallState }
  /** It goes on record as this turn's next; `opensTurn` where nothing runs that it could be beside of. */
  | {
      readonly kind: "new";
      readonly turn: number;
      readonly index: number;
      readonly opensTurn: boolean;
      /** Calls before it. */
      readonly earlier: number;
    };

/** The trace's one attempt; null while nothing is on record. */
export function attemptOf(state: RolloutState): AttemptState | null {
  return state.attempts[0] ?? null;
}

/** Decides about a call. Pure. */
export function decideCall(attempt: AttemptState | null, asked: TraceCall): CallDecision {
  const known = findCall(attempt, asked.callId);
  if (known !== undefined && !isSame(known, asked)) return { kind: "conflict" };
  if (known?.returned) return { kind: "answered", returned: known.returned };
  if (attempt?.seal) return { kind: "closed", seal: attempt.seal };
  return known === undefined ? newCall(attempt) : { kind: "known", call: known };
}

function newCall(attempt: AttemptState | null): CallDecision {
  const turns = attempt?.turns ?? [];
  const earlier = callsOf(attempt).length;
  const beside = turns.at(-1)?.calls ?? [];
  return beside.some(isRunning)
    ? { kind: "new", turn: turns.length - 1, index: beside.length, opensTurn: false, earlier }
    : { kind: "new", turn: turns.length, index: 0, opensTurn: true, earlier };
}

/** All calls of an attempt, in the order in which they came. */
export function callsOf(attempt: AttemptState | null): readonly CallState[] {
  return (attempt?.turns ?? []).flatMap(({ calls }) => calls);
}

/** The call as it is on record. */
export function findCall(attempt: AttemptState | null, callId: string): CallState | undefined {
  return callsOf(attempt).find((call) => call.callId === callId);
}

/** Whether a call may be running: what a try has lost waits for its next one, if there is any. */
export function isRunning({ returned, failedTries = 0 }: CallState): boolean {
  return returned === null && failedTries === 0;
}

/**
 * A call that infrastructure has lost for good, as far as can be told when the grade is asked for: it has no answer, and nor has one
 * beside or after it that asks the same, as retries under new ids do. What was answered before is no answer to it: an agent may
 * ask the same twice. A rollout with such a call has no score.
 */
export function lostCall(attempt: AttemptState | null): CallState | null {
  const calls = callsOf(attempt);
  const isMade = (lost: CallState): boolean =>
    calls.some((call) => call.returned !== null && call.turn >= lost.turn && isSame(call, lost));
  const lost = calls.find((call) => call.returned === null && (call.failedTries ?? 0) > 0 && !isMade(call));
  return lost ?? null;
}

function isSame(call: CallState, asked: Pick<TraceCall, "name" | "argumentsJson">): boolean {
  return call.name === asked.name && call.argumentsJson === asked.argumentsJson;
}
