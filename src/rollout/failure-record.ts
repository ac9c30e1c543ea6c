import { RollyardError } from "../errors/rollyard-error.ts";
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

/** The error that a record was made from, as far as the record tells; what setup wrote is no short fact again. */
export function errorOfFailure(failure: FailureRecord, origin?: unknown): RollyardError {
  const { setup_output: setupOutput, ...details } = failure.evidence;
  return new RollyardError(failure.code, {
    message: failure.cause,
    details,
    ...(setupOutput === undefined ? {} : { setupOutput }),
    ...(origin === undefined ? {} : { cause: origin }),
  });
}
