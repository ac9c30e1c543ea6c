import { RollyardError } from "../errors/rollyard-error.ts";
import { isFailureClass } from "../errors/failure-class.ts";
import { ERROR_CODES, isErrorCode } from "../errors/codes.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { FailureRecord } from "../rollout/state.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";

/** What is at hand of a stored rollout. */
export interface StoredRollout {
  readonly result: ResultRecord;
  readonly hasTrajectory: boolean;
  /** The grader looks at files of the agent's sandbox. */
  readonly needsAgentFiles: boolean;
}

/**
 * Why a stored rollout can't be graded again; null when it can. An attempt that never stopped by itself is no sample, whatever
 * it left: it keeps its own failure. What stopped and had no grade can be given one now.
 */
export function whyNotRegraded({
  result,
  hasTrajectory,
  needsAgentFiles,
}: StoredRollout): FailureRecord | null {
  if (result.stop_reason === null) return ownFailure(result);
  if (!hasTrajectory) return failureRecord(new RollyardError("trajectory_missing"));
  return needsAgentFiles ? failureRecord(new RollyardError("sandbox_files_gone")) : null;
}

function ownFailure(result: ResultRecord): FailureRecord {
  const { failure_class: kind, failure_code: code, failure_reason: cause, evidence } = result;
  if (kind === null || code === null || !isFailureClass(kind) || !isErrorCode(code)) {
    return failureRecord(new RollyardError("trajectory_missing"));
  }
  return { failureClass: kind, code, cause: cause ?? ERROR_CODES[code].message, evidence };
}
