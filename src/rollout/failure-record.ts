import type { RollyardError } from "../errors/rollyard-error.ts";
import type { FailureRecord } from "./state.ts";

/** An error as the record of a failure: class, code, a sentence, and its short facts as evidence. */
export function failureRecord(error: RollyardError): FailureRecord {
  return {
    failureClass: error.failureClass,
    code: error.code,
    cause: error.message,
    evidence: Object.fromEntries(Object.entries(error.details).map(([key, value]) => [key, String(value)])),
  };
}
