import { create } from "@bufbuild/protobuf";
import { toRollyardError } from "../errors/rollyard-error.ts";
import { decodeStored } from "../bus/envelope.ts";
import { parseWorkSubject } from "../bus/subjects.ts";
import type { RolloutSubjectParts } from "../bus/subjects.ts";
import { AttemptRefSchema, GradeRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef, GradeRequest } from "../gen/rollyard/v1/work_pb.ts";

/** What a grade request asks. */
export interface GradeTask {
  readonly ref: AttemptRef;
  readonly parts: RolloutSubjectParts;
  readonly attempt: number;
  /** Stream sequence of the log's sealing message. */
  readonly lastSequence: number;
  /** Stream sequence of the outcome before this attempt's, 0 for none. */
  readonly outcomeAfter: number;
}

/** A grade request as it was read. */
export type DecodedGradeRequest =
  | { readonly kind: "task"; readonly task: GradeTask }
  /** The attempt is known by the subject, but the payload can't be read. */
  | { readonly kind: "unreadable"; readonly task: GradeTask }
  /** Not the request of one attempt's first grade, or one of another version. */
  | { readonly kind: "foreign" };

/** Reads a request. The subject decides which attempt it is; a payload that says otherwise is unreadable. */
export function decodeGradeRequest(subject: string, payload: Uint8Array): DecodedGradeRequest {
  const parts = parseWorkSubject(subject);
  if (parts === null || parts.kind !== "grade") return { kind: "foreign" };
  const request = parseRequest(payload);
  if (request === "foreign") return { kind: "foreign" };
  const ref = request?.ref;
  const blank = {
    parts,
    attempt: parts.attempt,
    ref: create(AttemptRefSchema, { ...parts }),
    lastSequence: 0,
    outcomeAfter: 0,
  };
  if (request === null || ref === undefined || !isSameAttempt(ref, parts)) {
    return { kind: "unreadable", task: blank };
  }
  if (request.series !== "") return { kind: "foreign" };
  const lastSequence = Number(request.lastSeq);
  const outcomeAfter = Number(request.outcomeAfter);
  return { kind: "task", task: { ...blank, ref, lastSequence, outcomeAfter } };
}

function parseRequest(payload: Uint8Array): GradeRequest | "foreign" | null {
  try {
    return decodeStored(GradeRequestSchema, payload);
  } catch (error) {
    return toRollyardError(error).code === "other_version" ? "foreign" : null;
  }
}

function isSameAttempt(ref: AttemptRef, parts: RolloutSubjectParts & { attempt: number }): boolean {
  return (
    ref.namespace === parts.namespace &&
    ref.jobUid === parts.jobUid &&
    ref.itemIndex === parts.itemIndex &&
    ref.sampleIndex === parts.sampleIndex &&
    ref.attempt === parts.attempt
  );
}
