import type { StoredMessage } from "../bus/port.ts";
import { outcomeSummary } from "../job/outcome-summary.ts";
import type { FailureRecord } from "../rollout/state.ts";
import type { GradeTask } from "./grade-request.ts";
import { ungradable } from "./ungradable.ts";

/** What the chain of outcomes says about an attempt that is to be graded. */
export type OutcomeDecision =
  /** It has none, and its outcome may be published with this expected last sequence. */
  | { readonly kind: "open"; readonly expectedLastSequence: number }
  /** It has one, whoever published it, or a later attempt has: there is nothing left to do. */
  | { readonly kind: "ended" }
  /** The chain does not stand where the request says: its outcome could never be stored. */
  | { readonly kind: "broken"; readonly failure: FailureRecord; readonly last: ChainEnd };

/** The last outcome of a chain; attempt -1 and sequence 0 of an empty one. */
export interface ChainEnd {
  readonly attempt: number;
  readonly sequence: number;
  readonly isFailed: boolean;
}

/**
 * Decides from the outcome subject's messages (all, or only the last when it is not void).
 * A message that is no outcome to any reader is void: it counts for the sequence only.
 */
export function decideByOutcomes(
  messages: readonly StoredMessage[],
  task: Pick<GradeTask, "attempt" | "outcomeAfter">,
): OutcomeDecision {
  const last = lastOutcome(messages);
  if (last.attempt >= task.attempt) return { kind: "ended" };
  if (last.sequence !== task.outcomeAfter) {
    return { kind: "broken", failure: brokenChain(task.outcomeAfter, last.sequence), last };
  }
  return { kind: "open", expectedLastSequence: messages.at(-1)?.sequence ?? 0 };
}

function lastOutcome(messages: readonly StoredMessage[]): ChainEnd {
  const outcomes = messages.flatMap((message) => outcomeSummary(message) ?? []);
  const last = outcomes.at(-1);
  if (last === undefined) return { attempt: -1, sequence: 0, isFailed: true };
  return { attempt: last.attempt, sequence: last.sequence, isFailed: last.end.kind === "failed" };
}

/** Attempt of an outcome message, or null when the message is void. */
export function outcomeAttempt(message: StoredMessage): number | null {
  return outcomeSummary(message)?.attempt ?? null;
}

function brokenChain(expected: number, found: number): FailureRecord {
  return ungradable("log_conflict", "The chain of outcomes does not stand where the grade request says.", {
    expected: String(expected),
    found: String(found),
  });
}
