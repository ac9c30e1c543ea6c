import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ClaimReplySchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { ClaimReply_Failed } from "../gen/rollyard/v1/requests_pb.ts";
import { isErrorCode } from "../errors/codes.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { isFailureClass } from "../errors/failure-class.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { FailureRecord } from "../rollout/state.ts";

/** The right to a sandbox, as a claimant gets it. */
export interface GrantedLease {
  readonly sandboxUid: string;
  /** `unix:/path` or `http://host:port`. */
  readonly endpoint: string;
  readonly token: string;
  readonly expiresAtMs: number;
  readonly generation: number;
  readonly source: "warm" | "cold";
}

/** The answer to a claim. */
export type ClaimAnswer =
  | { readonly kind: "lease"; readonly lease: GrantedLease }
  /** Ask again. */
  | { readonly kind: "pending"; readonly reason: string }
  | { readonly kind: "failed"; readonly failure: FailureRecord }
  /** The attempt is sealed or ended: stop. */
  | { readonly kind: "gone"; readonly reason: string };

/** Encodes an answer as a ClaimReply. */
export function encodeClaimAnswer(answer: ClaimAnswer): Uint8Array {
  return toBinary(ClaimReplySchema, create(ClaimReplySchema, { kind: kindOf(answer) }));
}

function kindOf(answer: ClaimAnswer) {
  switch (answer.kind) {
    case "lease":
      return { case: "lease", value: { ...answer.lease } } as const;
    case "pending":
    case "gone":
      return { case: answer.kind, value: { reason: answer.reason } } as const;
    case "failed":
      return {
        case: "failed",
        value: { ...answer.failure, evidence: { ...answer.failure.evidence } },
      } as const;
    default:
      return assertNever(answer);
  }
}

/** Reads a ClaimReply; an answer of an unknown kind counts as pending. Throws on bytes that are no message. */
export function decodeClaimAnswer(payload: Uint8Array): ClaimAnswer {
  const { kind } = fromBinary(ClaimReplySchema, payload);
  switch (kind.case) {
    case "lease":
      return {
        kind: "lease",
        lease: { ...kind.value, source: kind.value.source === "warm" ? "warm" : "cold" },
      };
    case "failed":
      return { kind: "failed", failure: failureFrom(kind.value) };
    case "gone":
      return { kind: "gone", reason: kind.value.reason };
    case "pending":
    case undefined:
      return { kind: "pending", reason: kind.value?.reason ?? "" };
    default:
      return assertNever(kind);
  }
}

function failureFrom(failed: ClaimReply_Failed): FailureRecord {
  const { failureClass, code, cause, evidence } = failed;
  return {
    failureClass: isFailureClass(failureClass) ? failureClass : "internal",
    code: isErrorCode(code) ? code : "internal",
    cause,
    evidence,
  };
}

/** The failure of a code with its table's sentence. */
export function failureOfCode(code: ErrorCode, details: RollyardError["details"] = {}): FailureRecord {
  return failureRecord(new RollyardError(code, { details }));
}
