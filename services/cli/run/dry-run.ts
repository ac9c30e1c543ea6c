import type { RunInput } from "../../../src/config/run-input.ts";
import { parseIndexRanges } from "../../../src/job/index-ranges.ts";
import { retryBudget } from "../../../src/job/retry-decision.ts";

/** The most that a job may use. Null where the spec sets no bound. */
export interface DryRun {
  readonly items: number;
  readonly rollouts: number;
  /** Attempts with the whole retry budget spent. */
  readonly maxAttempts: number;
  readonly maxTurns: number;
  readonly maxToolCalls: number;
  /** Completion tokens: turns × sampling.max_tokens; null without `max_tokens`. */
  readonly maxCompletionTokens: number | null;
  /** Model and tool seconds of all attempts together. */
  readonly maxAgentSeconds: number;
  /** With `parallelism` rollouts at a time, grading included. */
  readonly maxWallSeconds: number;
}

/** Counts a job's rollouts and the most that they may use. */
export function dryRun(input: RunInput): DryRun {
  const { job, environment, items } = input;
  const { limits } = environment.spec;
  const { samplesPerItem, indexes, retry, parallelism, model, budget, deadlineSeconds } = job.spec;
  const all = items.length * samplesPerItem;
  const chosen = indexes === undefined ? all : parseIndexRanges(indexes).length;
  const rollouts = Math.min(chosen, budget?.rollouts ?? Infinity);
  const maxAttempts = rollouts + Math.min(retryBudget(rollouts, retry), rollouts * (retry.maxAttempts - 1));
  const maxTurns = maxAttempts * limits.maxTurns;
  const perCall = model.sampling.max_tokens;
  const rounds = Math.ceil(maxAttempts / parallelism);
  const wall = rounds * (limits.agentSeconds + environment.spec.sandbox.readySeconds + limits.gradeSeconds);
  return {
    items: items.length,
    rollouts,
    maxAttempts,
    maxTurns,
    maxToolCalls: maxAttempts * limits.maxToolCalls,
    maxCompletionTokens:
      perCall === undefined
        ? (budget?.totalTokens ?? null)
        : Math.min(maxTurns * perCall, budget?.totalTokens ?? Infinity),
    maxAgentSeconds: maxAttempts * limits.agentSeconds,
    maxWallSeconds: Math.min(wall, deadlineSeconds ?? Infinity),
  };
}

/** The same as lines for a reader. */
export function dryRunText(input: RunInput, plan: DryRun): string {
  const { job } = input;
  const tokens =
    plan.maxCompletionTokens === null
      ? "no bound: set spec.model.sampling.max_tokens or spec.budget.totalTokens"
      : `${plan.maxCompletionTokens} completion tokens`;
  return [
    `${job.metadata.name}: ${plan.rollouts} rollouts (${plan.items} items × ${job.spec.samplesPerItem} samples), model ${job.spec.model.name} at ${job.spec.model.baseURL}`,
    `  attempts  at most ${plan.maxAttempts}, retries included`,
    `  turns     at most ${plan.maxTurns}, tool calls at most ${plan.maxToolCalls}`,
    `  tokens    at most ${tokens}`,
    `  seconds   at most ${plan.maxAgentSeconds} of model and tool time, ${plan.maxWallSeconds} by the clock with ${job.spec.parallelism} at a time`,
    "Nothing was started and nothing was sent.",
    "",
  ].join("\n");
}
