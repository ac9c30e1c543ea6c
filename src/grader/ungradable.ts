import type { ErrorCode } from "../errors/codes.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { Evidence, FailureRecord } from "../rollout/state.ts";

/** Why an attempt can't be graded; the controller decides what becomes of it. */
export function ungradable(code: ErrorCode, cause: string, evidence: Evidence = {}): FailureRecord {
  return failureRecord(new RollyardError(code, { message: cause, details: evidence }));
}
