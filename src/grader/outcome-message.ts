import { encodeStored } from "../bus/envelope.ts";
import { HEADERS } from "../bus/port.ts";
import type { BusHeaders, OutgoingMessage } from "../bus/port.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import { OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import { attemptUsage } from "../rollout/attempt-usage.ts";
import type { AttemptState } from "../rollout/state.ts";
import { raisedFlags } from "./error-flags.ts";
import type { GradeTask } from "./grade-request.ts";
import type { GradeResult } from "./port.ts";

/** Everything that a `graded` outcome says. */
export interface GradedOutcome {
  readonly task: GradeTask;
  readonly attempt: AttemptState;
  readonly result: GradeResult;
  readonly endedAtMs: number;
  /** Unguessable text of this grading, by which its message is known again. */
  readonly nonce: string;
}

/** The message of a `graded` outcome, still without the sequence that it expects. */
export function gradedOutcomeMessage(outcome: GradedOutcome): OutgoingMessage {
  return {
    subject: outcomesSubject(outcome.task.parts),
    payload: payloadOf(outcome),
    headers: headersOf(outcome),
  };
}

function payloadOf({ task, attempt, result, endedAtMs }: GradedOutcome): Uint8Array {
  const usage = attemptUsage(attempt);
  return encodeStored(OutcomeSchema, {
    ref: task.ref,
    outcome: "graded",
    reward: result.reward,
    passed: result.passed,
    subRewards: { ...result.subRewards },
    flags: [...result.flags],
    evidence: { ...result.evidence },
    ...(usage === null ? {} : { usage }),
    gradeSeconds: result.executionSeconds,
    graderUsage: { ...result.usage },
    graderErrors: raisedFlags(result.errors),
    endedAtMs,
    lastSeq: BigInt(task.lastSequence),
  });
}

function headersOf({ task, attempt, result, nonce }: GradedOutcome): BusHeaders {
  const usage = attemptUsage(attempt);
  const tokens: BusHeaders =
    usage === null
      ? {}
      : {
          [HEADERS.promptTokens]: String(usage.promptTokens),
          [HEADERS.completionTokens]: String(usage.completionTokens),
        };
  return {
    [HEADERS.append]: `${nonce}:1`,
    [HEADERS.attempt]: String(task.attempt),
    [HEADERS.outcome]: "graded",
    [HEADERS.reward]: String(result.reward),
    ...tokens,
  };
}
