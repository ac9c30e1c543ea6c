import type { RollyardError } from "../errors/rollyard-error.ts";

/** How often a grader that ran and failed is tried in all, where nothing else is set. */
export const GRADER_TRIES = 3;

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

/** What happened so far to one grader's call. */
export interface RetryHistory {
  /** Runs that failed. */
  readonly failures: number;
  /** Waits for something that could not be had, since the last run. */
  readonly waits: number;
}

/** Whether to try again, and when. */
export type RetryDecision =
  | { readonly kind: "again"; readonly delayMs: number; readonly history: RetryHistory }
  | { readonly kind: "give_up" };

/** What decides on another try beside the error. */
export interface RetryState {
  readonly history: RetryHistory;
  /** Most runs in all. */
  readonly tries: number;
}

/**
 * A grader that can't be had (refused, 429, 5xx) is waited for without limit; one that ran and failed is tried
 * so many times; every other failure ends the grading at once.
 */
export function decideRetry(error: RollyardError, { history, tries }: RetryState): RetryDecision {
  if (error.code === "grader_unreachable") return waitOut(error, history);
  if (error.failureClass !== "grader") return { kind: "give_up" };
  const failures = history.failures + 1;
  if (failures >= tries) return { kind: "give_up" };
  return { kind: "again", delayMs: backoffMs(failures - 1), history: { failures, waits: 0 } };
}

function waitOut(error: RollyardError, { failures, waits }: RetryHistory): RetryDecision {
  const asked = Number(error.details["retryAfterMs"] ?? 0);
  const delayMs = Math.max(backoffMs(waits), Math.min(asked, LONGEST_DELAY_MS * 10));
  return { kind: "again", delayMs, history: { failures, waits: waits + 1 } };
}

/** 1, 2, 4, 8, 16, 30, 30, … seconds. */
function backoffMs(step: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(step, 10));
}
