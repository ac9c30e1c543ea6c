import type { AttemptState, RolloutState } from "./state.ts";

/** `driver.attached` without a new turn, after which a rollout counts as poison. */
export const MAX_ATTACHES_WITHOUT_TURN = 5;

/** What a worker does with an assignment, from the log that it finds. */
export type Takeover =
  /** The log has no such attempt yet: append `rollout.started` and `driver.attached`. */
  | { readonly kind: "start" }
  /** Nobody drives it, or we do: append `driver.attached`. */
  | { readonly kind: "attach"; readonly attempt: AttemptState }
  /** Another driver may be alive: ask it first. */
  | { readonly kind: "ask"; readonly attempt: AttemptState; readonly driver: string }
  /** It ends its workers again and again: attach and seal it as failed. */
  | { readonly kind: "poison"; readonly attempt: AttemptState }
  /** It is sealed: send the closing request again and ack. */
  | { readonly kind: "close"; readonly attempt: AttemptState }
  /** A later attempt exists: this delivery is a leftover, ack it. */
  | { readonly kind: "obsolete" };

/** Decides it. `asked` names a driver that was asked and is silent. */
export function decideTakeover(
  state: RolloutState,
  attempt: number,
  self: { readonly worker: string; readonly asked: string | null },
): Takeover {
  const last = state.attempts.at(-1);
  if (last === undefined || last.attempt < attempt) return { kind: "start" };
  if (last.attempt > attempt) return { kind: "obsolete" };
  if (last.seal !== null) return { kind: "close", attempt: last };
  if (last.driver !== null && last.driver.id !== self.worker && last.driver.id !== self.asked) {
    return { kind: "ask", attempt: last, driver: last.driver.id };
  }
  if (last.attachesSinceTurn > MAX_ATTACHES_WITHOUT_TURN) return { kind: "poison", attempt: last };
  return { kind: "attach", attempt: last };
}
