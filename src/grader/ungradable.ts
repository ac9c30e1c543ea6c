import type { ErrorCode } from "../errors/codes.ts";
import { ERROR_CODES } from "../errors/codes.ts";
import type { FailureClass } from "../errors/failure-class.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { Evidence } from "../rollout/state.ts";

/** Why an attempt can't be graded; the controller decides what becomes of it. */
export interface Ungradable {
  readonly failureClass: FailureClass;
  readonly code: ErrorCode;
  /** A whole sentence. */
  readonly cause: string;
  readonly evidence: Evidence;
}

/** An attempt that can't be graded for a reason of the code table. */
export function ungradable(code: ErrorCode, cause: string, evidence: Evidence = {}): Ungradable {
  return { failureClass: ERROR_CODES[code].failureClass, code, cause, evidence };
}

/** What an error that ended a grading says. */
export function ungradableByError(error: RollyardError): Ungradable {
  const evidence = Object.entries(error.details).map(([key, value]) => [key, String(value)]);
  return ungradable(error.code, error.message, Object.fromEntries(evidence));
}
