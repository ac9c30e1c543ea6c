import { RollyardError } from "../errors/rollyard-error.ts";
import { failureRecord } from "./failure-record.ts";
import type { FailureRecord, Seal } from "./state.ts";

/** What a seal says of its attempt's failure: a cancelled one has the sentence of its code, and no evidence. */
export function sealFailure(seal: Exclude<Seal, { kind: "stopped" }>): FailureRecord {
  if (seal.kind === "failed") return seal.failure;
  // A code that this version does not know reads as `internal`; it is a cancellation all the same.
  return { ...failureRecord(new RollyardError(seal.code)), failureClass: "cancelled" };
}
