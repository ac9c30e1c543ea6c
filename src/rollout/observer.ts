import type { ModelAnswer } from "../model/port.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import type { AttemptState, CallReturn, CallState, LeasedSandbox } from "./state.ts";
import type { LoopEnd } from "./loop-end.ts";

/** What watches rollouts go by, for metrics and logs. Nothing depends on it; its methods never throw. */
export interface RolloutObserver {
  rolloutAttached(ref: AttemptRef): void;
  turnSampled(ref: AttemptRef, answer: ModelAnswer): void;
  toolReturned(ref: AttemptRef, call: CallState, returned: CallReturn): void;
  sandboxLeased(ref: AttemptRef, lease: LeasedSandbox): void;
  /** The attempt goes on in a new sandbox, in which its recorded calls had equal outputs. */
  sandboxReplayed(ref: AttemptRef): void;
  /** Once for each `rolloutAttached`: this driver's loop is over; `attempt` is what the log says of it now. */
  rolloutEnded(ref: AttemptRef, end: LoopEnd, attempt: AttemptState): void;
}

/** Watches nothing. */
export const noObserver: RolloutObserver = {
  rolloutAttached: () => undefined,
  turnSampled: () => undefined,
  toolReturned: () => undefined,
  sandboxLeased: () => undefined,
  sandboxReplayed: () => undefined,
  rolloutEnded: () => undefined,
};
