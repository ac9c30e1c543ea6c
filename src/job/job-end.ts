import { fieldOfCode } from "./field-of-code.ts";
import type { FirstEnds } from "./job-ledger.ts";

/** Why a job ended, as the reason of its one True end condition. */
export type JobEnd =
  | {
      readonly condition: "Complete";
      readonly reason: "AllGraded" | "SomeUngraded";
      readonly message: string;
    }
  | { readonly condition: "Failed"; readonly reason: JobFailedReason; readonly message: string };

/** Reasons of the condition Failed. */
export type JobFailedReason =
  | "ConfigError"
  | "AllFailing"
  | "RetryBudgetExhausted"
  | "DeadlineExceeded"
  | "BudgetExhausted";

/** What the end is decided from. */
export interface JobEndInput {
  readonly total: number;
  readonly graded: number;
  readonly failed: number;
  readonly firstEnds: FirstEnds;
  readonly retriesTaken: number;
  readonly retryBudget: number;
  readonly tokensUsed: number;
  readonly rolloutsDispatched: number;
  readonly elapsedSeconds: number;
  readonly deadlineSeconds: number | null;
  readonly budget: { readonly totalTokens?: number | undefined; readonly rollouts?: number | undefined };
  /** Rollouts that hold work somewhere: active or being graded. */
  readonly open: number;
}

/** How many ends the early stops look at. */
const FIRST_ENDS = 10;

/** Decides whether a job has ended; null while it goes on. Pure. */
export function decideJobEnd(input: JobEndInput): JobEnd | null {
  if (input.graded + input.failed >= input.total) return completion(input);
  return (
    configError(input) ??
    allFailing(input) ??
    retryBudgetSpent(input) ??
    deadline(input) ??
    budgetSpent(input)
  );
}

function completion(input: JobEndInput): JobEnd {
  if (input.failed === 0) {
    return {
      condition: "Complete",
      reason: "AllGraded",
      message: `All ${input.total} rollouts have a reward.`,
    };
  }
  // Where not one rollout succeeded although the early stop could not see it, the job has failed all the same.
  const early = configError({ ...input, isOver: true }) ?? allFailing(input);
  if (early !== null) return early;
  return {
    condition: "Complete",
    reason: "SomeUngraded",
    message: `${input.failed} of ${input.total} rollouts have no reward.`,
  };
}

/**
 * What fails as config fails the same way again: one end for each rollout is enough, of ten. An endpoint that can't be reached
 * may come back, so it takes ten ends, or all that a small job's attempts allow (ADR 0031).
 */
function configError(
  input: Pick<JobEndInput, "total" | "firstEnds"> & { readonly isOver?: boolean },
): JobEnd | null {
  const { total, firstEnds, isOver = false } = input;
  const first = firstEnds.attempts.slice(0, FIRST_ENDS);
  const needed = Math.min(total, FIRST_ENDS);
  const sure = first.slice(0, needed);
  const isSure = sure.length === needed && sure.every(({ isConfig }) => isConfig);
  const isUnreachable =
    first.length >= (isOver ? needed : FIRST_ENDS) &&
    first.every(({ isConfig, code }) => isConfig || code === "model_unreachable");
  if (!isSure && !isUnreachable) return null;
  const seen = isSure ? sure : first;
  const code = mostFrequent(seen);
  const field = fieldOfCode(code);
  const advice = field === null ? "" : ` Check ${field}.`;
  return failed("ConfigError", `${firstFailed(seen.length, "attempt", code)}${advice}`);
}

function allFailing({ total, firstEnds }: JobEndInput): JobEnd | null {
  const needed = Math.min(total, FIRST_ENDS);
  const first = firstEnds.finals.slice(0, needed);
  if (first.length < needed || !first.every(({ isFailed }) => isFailed)) return null;
  return failed("AllFailing", firstFailed(needed, "rollout", mostFrequent(first)));
}

function retryBudgetSpent({ retriesTaken, retryBudget }: JobEndInput): JobEnd | null {
  if (retriesTaken <= retryBudget) return null;
  return failed(
    "RetryBudgetExhausted",
    `A retry is due and the job's ${retryBudget} extra attempts are spent.`,
  );
}

function deadline({ elapsedSeconds, deadlineSeconds }: JobEndInput): JobEnd | null {
  if (deadlineSeconds === null || elapsedSeconds < deadlineSeconds) return null;
  return failed("DeadlineExceeded", `The job's ${deadlineSeconds} s are over.`);
}

function budgetSpent(input: JobEndInput): JobEnd | null {
  const areStarted = areRolloutsStarted(input) && dueOf(input) === 0;
  if (input.open > 0 || !(areTokensSpent(input) || areStarted)) return null;
  const { totalTokens, rollouts } = input.budget;
  return failed(
    "BudgetExhausted",
    areTokensSpent(input)
      ? `The ${totalTokens} tokens of spec.budget.totalTokens are spent: ${input.tokensUsed} were used.`
      : `The ${rollouts} rollouts of spec.budget.rollouts have been started.`,
  );
}

/** Whether nothing may be dispatched any more, not even a retry: it would cost tokens. What is under way goes on. */
export function areTokensSpent({ budget, tokensUsed }: Pick<JobEndInput, "budget" | "tokensUsed">): boolean {
  return budget.totalTokens !== undefined && tokensUsed >= budget.totalTokens;
}

function areRolloutsStarted({ budget, rolloutsDispatched }: JobEndInput): boolean {
  return budget.rollouts !== undefined && rolloutsDispatched >= budget.rollouts;
}

/** Rollouts that were begun and are due for another attempt. */
function dueOf({ rolloutsDispatched, graded, failed: lost, open }: JobEndInput): number {
  return rolloutsDispatched - graded - lost - open;
}

function firstFailed(count: number, what: "attempt" | "rollout", code: string): string {
  return count === 1
    ? `The only ${what} failed with ${code}.`
    : `The first ${count} ${what}s all failed, most with ${code}.`;
}

function failed(reason: JobFailedReason, message: string): JobEnd {
  return { condition: "Failed", reason, message };
}

function mostFrequent(ends: readonly { readonly code: string }[]): string {
  const counts = new Map<string, number>();
  for (const { code } of ends) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? "internal";
}
