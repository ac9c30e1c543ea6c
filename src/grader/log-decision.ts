import type { AttemptState, FailureRecord, RolloutState } from "../rollout/state.ts";
import type { GradeTask } from "./grade-request.ts";
import { ungradable } from "./ungradable.ts";

/** What a folded log, read through the request's last sequence, says. */
export type LogDecision =
  | { readonly kind: "gradable"; readonly attempt: AttemptState }
  /** The log does not reach the sealing message yet: a replica lags behind. */
  | { readonly kind: "not_visible" }
  | { readonly kind: "refused"; readonly failure: FailureRecord };

/** Decides whether the log is whole, of this attempt, and sealed by `rollout.stopped`. */
export function decideByLog(state: RolloutState, task: GradeTask): LogDecision {
  if (state.lastSequence < task.lastSequence) return { kind: "not_visible" };
  const attempt = state.attempts.at(-1);
  if (attempt === undefined || attempt.attempt !== task.attempt) {
    return refused("The event log's last attempt is not the one to grade.", {
      attempt: String(attempt?.attempt ?? "none"),
    });
  }
  if (attempt.seal?.kind !== "stopped") {
    return refused("The attempt to grade was not sealed by rollout.stopped.", {
      seal: attempt.seal?.kind ?? "none",
    });
  }
  return { kind: "gradable", attempt };
}

function refused(cause: string, evidence: Readonly<Record<string, string>>): LogDecision {
  return { kind: "refused", failure: ungradable("log_conflict", cause, evidence) };
}
