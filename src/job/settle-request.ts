import { create } from "@bufbuild/protobuf";
import { decodeStored } from "../bus/envelope.ts";
import { parseWorkSubject } from "../bus/subjects.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { FailureClass } from "../errors/failure-class.ts";
import { AttemptRefSchema, SettleRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { SettleRequest } from "../gen/rollyard/v1/work_pb.ts";
import { ungradable } from "../grader/ungradable.ts";
import { failureOf } from "../rollout/apply-event.ts";
import type { FailureRecord } from "../rollout/state.ts";
import type { AttemptToEnd } from "./end-attempt.ts";

/** A settle request as it was read. */
export type DecodedSettleRequest =
  | { readonly kind: "request"; readonly end: AttemptToEnd; readonly sender: "worker" | "grader" }
  /** The attempt is known by the subject, but the payload can't be read. */
  | { readonly kind: "unreadable"; readonly end: AttemptToEnd }
  /** No request, or one of another version. */
  | { readonly kind: "foreign" };

/** Reads a request. The subject decides which attempt it is. */
export function decodeSettleRequest(subject: string, payload: Uint8Array): DecodedSettleRequest {
  const parts = parseWorkSubject(subject);
  if (parts === null || parts.kind !== "settle") return { kind: "foreign" };
  const request = parseRequest(payload);
  if (request === "foreign") return { kind: "foreign" };
  if (request?.ref === undefined) {
    const failure = ungradable("internal", "The settle request can't be read.");
    return {
      kind: "unreadable",
      end: { ref: create(AttemptRefSchema, { ...parts }), outcomeAfter: 0, failure },
    };
  }
  const sender = request.sender === "grader" ? "grader" : "worker";
  const said = failureOf(request);
  const failure = sender === "grader" ? ofGrader(said) : said;
  return {
    kind: "request",
    sender,
    end: {
      ref: request.ref,
      outcomeAfter: Number(request.outcomeAfter),
      failure,
      account: { usage: request.graderUsage, errors: request.graderErrors },
    },
  };
}

function parseRequest(payload: Uint8Array): SettleRequest | "foreign" | null {
  try {
    return decodeStored(SettleRequestSchema, payload);
  } catch (error) {
    return toRollyardError(error).code === "other_version" ? "foreign" : null;
  }
}

/** What a grader may say of an attempt that stopped by itself; anything else would be a fault of ours. */
const GRADERS_CLASSES: ReadonlySet<FailureClass> = new Set(["grader", "sandbox", "config", "internal"]);

function ofGrader(failure: FailureRecord): FailureRecord {
  const { failureClass, evidence } = failure;
  if (GRADERS_CLASSES.has(failureClass)) return failure;
  return { ...failure, failureClass: "internal", evidence: { ...evidence, said_class: failureClass } };
}
