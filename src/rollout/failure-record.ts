import type { RollyardError } from "../errors/rollyard-error.ts";
import type { FailureRecord } from "./state.ts";

/** An error as the record of a failure: class, code, a sentence, and its short facts (and setup's output) as evidence. */
export function failureRecord(error: RollyardError): FailureRecord {
  const { details, setupOutput } = error;
  const facts = Object.entries(details).map(([key, value]) => [key, String(value)] as const);
  return {
    failureClass: error.failureClass,
    code: error.code,
    cause: error.message,
    evidence: {
      ...Object.fromEntries(facts),
      ...(setupOutput === null ? {} : { setup_output: setupOutput }),
    },
  };
}
