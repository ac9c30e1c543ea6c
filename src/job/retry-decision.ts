import type { FailureClass } from "../errors/failure-class.ts";
import type { RetrySpec } from "./retry-spec.ts";

/** A failed attempt as the planner sees it. */
export interface FailedAttempt {
  readonly failureClass: FailureClass;
  readonly code: string;
  /** Attempts of the rollout that count as failed, this one included. */
  readonly countedFailures: number;
}

/** What follows a failed attempt. */
export type AfterFailure =
  /** A new attempt, paid by the job's budget. */
  | "retry"
  /** A new attempt that costs nothing: the job was suspended or interrupted. */
  | "resume"
  /** The rollout has failed. */
  | "final";

/** The log is one for all attempts, so what reads it fails in the next one too. */
const FINAL_CODES: ReadonlySet<string> = new Set(["log_corrupt"]);
const RESUMABLE_CODES: ReadonlySet<string> = new Set(["job_suspended", "job_interrupted"]);

/** Decides whether a failed attempt is followed by another. The budget is the caller's to check. */
export function afterFailure(failed: FailedAttempt, retry: Pick<RetrySpec, "maxAttempts">): AfterFailure {
  if (FINAL_CODES.has(failed.code)) return "final";
  switch (failed.failureClass) {
    case "cancelled":
      return RESUMABLE_CODES.has(failed.code) ? "resume" : "final";
    case "config":
    case "grader":
      // The same input fails the same way; a grader's failure is graded again as a regrade, never run again.
      return "final";
    default:
      return failed.countedFailures < retry.maxAttempts ? "retry" : "final";
  }
}

/** Extra attempts that a job may spend: max(10, ⌈total × percent / 100⌉). */
export function retryBudget(total: number, retry: Pick<RetrySpec, "budgetPercent">): number {
  return Math.max(10, Math.ceil((total * retry.budgetPercent) / 100));
}
