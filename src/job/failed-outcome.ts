import { encodeStored } from "../bus/envelope.ts";
import { HEADERS } from "../bus/port.ts";
import type { OutgoingMessage } from "../bus/port.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import { OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { GradingAccount } from "../grader/grading-account.ts";
import type { TokenUsage } from "../model/port.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import type { FailureRecord } from "../rollout/state.ts";

/** Everything that a `failed` outcome says. */
export interface FailedOutcome {
  readonly ref: AttemptRef;
  readonly failure: FailureRecord;
  readonly account: GradingAccount;
  /** Stream sequence of the log's sealing message, 0 when the attempt left no log. */
  readonly lastSequence: number;
  /** Tokens of the attempt; null when it sampled none or the server reported none. */
  readonly usage: TokenUsage | null;
  readonly endedAtMs: number;
  /** Unguessable text by which the message is known again after a lost acknowledgement. */
  readonly nonce: string;
}

/** The message of a `failed` outcome, still without the sequence that it expects. Its reward is absent: null, not 0. */
export function failedOutcomeMessage(outcome: FailedOutcome): OutgoingMessage {
  const { ref, failure, usage, account } = outcome;
  const payload = encodeStored(OutcomeSchema, {
    ref,
    outcome: "failed",
    failureClass: failure.failureClass,
    failureCode: failure.code,
    failureReason: failure.cause,
    evidence: { ...failure.evidence },
    ...(usage === null ? {} : { usage }),
    graderUsage: { ...account.usage },
    graderErrors: { ...account.errors },
    endedAtMs: outcome.endedAtMs,
    lastSeq: BigInt(outcome.lastSequence),
  });
  return {
    subject: outcomesSubject(ref),
    payload,
    headers: {
      [HEADERS.append]: `${outcome.nonce}:1`,
      [HEADERS.attempt]: String(ref.attempt),
      [HEADERS.outcome]: "failed",
      [HEADERS.failureClass]: failure.failureClass,
      [HEADERS.failureCode]: failure.code,
      [HEADERS.promptTokens]: String(usage?.promptTokens ?? 0),
      [HEADERS.completionTokens]: String(usage?.completionTokens ?? 0),
    },
  };
}
