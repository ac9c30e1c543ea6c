import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";

/** What `--only` takes: how a rollout ended, or the class of its failure. */
export const SELECTIONS: readonly string[] = ["graded", "failed", "passed", "not-passed", ...FAILURE_CLASSES];

/** Whether a rollout is one of those; without any, all are. */
export function isSelected(
  { outcome, passed, failure_class: failureClass }: ResultRecord,
  only: readonly string[],
): boolean {
  if (only.length === 0) return true;
  const names = [outcome, failureClass, ...(passed === null ? [] : [passed ? "passed" : "not-passed"])];
  return only.some((name) => names.includes(name));
}
