import { RollyardError } from "../errors/rollyard-error.ts";
import { applyEvent, openAttempt } from "./apply-event.ts";
import { EMPTY_DIGEST, nextDigest } from "./digest.ts";
import type { RolloutEvent } from "./events.ts";
import type { LogMessage } from "./log-message.ts";
import type { AttemptState, RolloutState } from "./state.ts";

/** The state of an empty log. */
export const EMPTY_ROLLOUT: RolloutState = {
  attempts: [],
  lastSequence: 0,
  messages: 0,
  digest: EMPTY_DIGEST,
  voidMessages: 0,
};

/**
 * Rebuilds a rollout from its log, whose blobs were fetched before. Checks every message's number and digest.
 * Throws `log_corrupt` when one does not follow from those before it.
 */
export function foldRollout(messages: readonly LogMessage[]): RolloutState {
  return messages.reduce(foldMessage, EMPTY_ROLLOUT);
}

/** The state after one more message. */
export function foldMessage(state: RolloutState, message: LogMessage): RolloutState {
  if (message.events === null) {
    return { ...state, lastSequence: message.sequence, voidMessages: state.voidMessages + 1 };
  }
  const opens = message.events[0]?.kind.case === "rolloutStarted";
  const position = opens ? { messages: 0, digest: EMPTY_DIGEST } : state;
  checkPlace(position, message);
  return {
    ...state,
    attempts: message.events.reduce(
      (attempts, event) => foldEvent(attempts, event, message.sequence),
      state.attempts,
    ),
    lastSequence: message.sequence,
    messages: message.number,
    digest: message.digest,
  };
}

function checkPlace(position: { messages: number; digest: string }, message: LogMessage): void {
  const isNext = message.number === position.messages + 1;
  if (isNext && message.digest === nextDigest(position.digest, message.payload)) return;
  throw new RollyardError("log_corrupt", {
    details: { sequence: message.sequence, number: message.number, check: isNext ? "digest" : "number" },
  });
}

function foldEvent(
  attempts: readonly AttemptState[],
  event: RolloutEvent,
  sequence: number,
): readonly AttemptState[] {
  const last = attempts.at(-1);
  if (event.kind.case === "rolloutStarted") {
    const isLegal = last === undefined || (last.seal !== null && event.kind.value.attempt > last.attempt);
    if (!isLegal) throw new RollyardError("log_corrupt", { details: { sequence, event: "rolloutStarted" } });
    return [...attempts, openAttempt(event.kind.value, event.atMs)];
  }
  if (last === undefined) throw new RollyardError("log_corrupt", { details: { sequence, event: "first" } });
  return [...attempts.slice(0, -1), applyEvent(last, event, sequence)];
}
