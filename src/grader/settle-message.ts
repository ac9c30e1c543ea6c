import { encodeStored } from "../bus/envelope.ts";
import type { OutgoingMessage } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import { SettleRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { FailureRecord } from "../rollout/state.ts";
import type { GradingAccount } from "./grading-account.ts";
import type { GradeTask } from "./grade-request.ts";

/** The request to the controller to settle an attempt that can't be graded. Its subject has one slot. */
export function settleMessage(
  task: GradeTask,
  reason: FailureRecord,
  account: GradingAccount,
): OutgoingMessage {
  const payload = encodeStored(SettleRequestSchema, {
    ref: task.ref,
    lastSeq: BigInt(task.lastSequence),
    outcomeAfter: BigInt(task.outcomeAfter),
    failureClass: reason.failureClass,
    code: reason.code,
    cause: reason.cause,
    evidence: { ...reason.evidence },
    sender: "grader",
    graderUsage: { ...account.usage },
    graderErrors: { ...account.errors },
  });
  return { subject: workSubject("settle", task.parts, task.attempt), payload };
}
