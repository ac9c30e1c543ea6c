import { create, toBinary } from "@bufbuild/protobuf";
import type { OutgoingMessage } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import { SettleRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import { WORK_SCHEMA_VERSION } from "./grade-request.ts";
import type { GradeTask } from "./grade-request.ts";
import type { Ungradable } from "./ungradable.ts";

/** The request to the controller to settle an attempt that can't be graded. Its subject has one slot. */
export function settleMessage(task: GradeTask, reason: Ungradable): OutgoingMessage {
  const request = create(SettleRequestSchema, {
    schemaVersion: WORK_SCHEMA_VERSION,
    ref: task.ref,
    lastSeq: BigInt(task.lastSequence),
    outcomeAfter: BigInt(task.outcomeAfter),
    failureClass: reason.failureClass,
    code: reason.code,
    cause: reason.cause,
    evidence: { ...reason.evidence },
    sender: "grader",
  });
  return {
    subject: workSubject("settle", task.parts, task.attempt),
    payload: toBinary(SettleRequestSchema, request),
  };
}
