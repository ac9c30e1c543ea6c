/** What must never be; each is a promise of the gateway that was broken. */
export type ViolationKind =
  /** Another score than the rollout earned. */
  | "wrong_score"
  /** Two answers to grade calls of one trace with different scores. */
  | "score_changed"
  /** A rollout of which one call was answered 5xx four times got a score all the same. */
  | "scored_failed"
  /** A command ran more than once in its sandbox. */
  | "ran_twice"
  /** A repeated call was answered with another output. */
  | "output_changed"
  /** An answered command is not to be found in the sandbox: it ran in another one. */
  | "lost_command"
  /** Something of another trace is in the sandbox. */
  | "foreign_command"
  /** A mistake of the model was not answered with 200 and a text. */
  | "mistake_refused"
  /** A call that is in order was refused, or answered without an output or a score. */
  | "call_refused"
  /** A command ran after the grade call. */
  | "ran_late";

/** A broken promise of one trace. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly traceId: string;
  /** What was seen, without outputs; it may have what a refusal says is wrong. */
  readonly evidence: string;
}
