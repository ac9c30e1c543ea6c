import type { ResultRecord } from "../trajectory/result-record.ts";

/** What stays as it is, however often it is graded: the rollout lacks what a grader needs. */
const FINAL_CODES: readonly (string | null)[] = ["sandbox_files_gone", "trajectory_missing"];

/** Whether a line of a series is to be made again: the grader failed it, and may not fail it the next time. */
export function isOpenAgain(
  record: Pick<ResultRecord, "outcome" | "failure_class" | "failure_code" | "stop_reason">,
): boolean {
  if (record.outcome === "graded" || record.stop_reason === null) return false;
  return !FINAL_CODES.includes(record.failure_code);
}
