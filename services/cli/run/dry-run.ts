import type { RunInput } from "../../../src/config/run-input.ts";
import { parseIndexRanges } from "../../../src/job/index-ranges.ts";
import { retryBudget } from "../../../src/job/retry-decision.ts";

/** The most that a job may use. Null where the spec sets no bound. */
export interface DryRun {
  readonly items: number;
  /** Rollouts of the job. */
  readonly rollouts: number;
  /** Those that its budget lets begin. */
  readonly maxStarted: number;
  /** Attempts with the whole retry budget spent. */
  readonly maxAttempts: number;
  readonly maxTurns: number;
  readonly maxToolCalls: number;
  /** Completion tokens; null without `sampling.max_tokens`. Nothing bounds the tokens of prompts. */
  readonly maxCompletionTokens: number | null;
  /** Model and tool seconds of all attempts together. */
  readonly maxAgentSeconds: number;
  /** With `parallelism` rollouts at a time, grading included; what waits for others is not in it. */
  readonly maxWallSeconds: number;
}

/** Counts a job's rollouts and the most that they may use. */
export function dryRun(input: RunInput): DryRun {
  const { job, environment, items } = input;
  const { limits } = environment.spec;
  const { samplesPerItem, indexes, retry, parallelism, budget, deadlineSeconds } = job.spec;
  const all = items.length * samplesPerItem;
  const rollouts = indexes === undefined ? all : parseIndexRanges(indexes).length;
  const maxStarted = Math.min(rollouts, budget?.rollouts ?? Infinity);
  const retries = Math.min(retryBudget(rollouts, retry), maxStarted * (retry.maxAttempts - 1));
  const maxAttempts = maxStarted + retries;
  const rounds = Math.ceil(maxAttempts / parallelism);
  const wall = rounds * (limits.agentSeconds + environment.spec.sandbox.readySeconds + limits.gradeSeconds);
  return {
    items: items.length,
    rollouts,
    maxStarted,
    maxAttempts,
    maxTurns: maxAttempts * limits.maxTurns,
    maxToolCalls: maxAttempts * limits.maxToolCalls,
    maxCompletionTokens: completionTokens(input, maxAttempts),
    maxAgentSeconds: maxAttempts * limits.agentSeconds,
    maxWallSeconds: Math.min(wall, deadlineSeconds ?? Infinity),
  };
}

/** Past its budget a job starts nothing, but what is under way goes on: at most `parallelism` attempts. */
function completionTokens({ job, environment }: RunInput, maxAttempts: number): number | null {
  const { model, budget, parallelism } = job.spec;
  if (model.sampling.max_tokens === undefined) return null;
  const perAttempt = environment.spec.limits.maxTurns * model.sampling.max_tokens;
  return Math.min(maxAttempts * perAttempt, (budget?.totalTokens ?? Infinity) + parallelism * perAttempt);
}

/** How many rollouts a job has, and of what. */
export function rolloutsText({ job }: RunInput, plan: DryRun): string {
  const { samplesPerItem, indexes } = job.spec;
  const part = indexes === undefined ? "" : "part of ";
  const started = plan.maxStarted < plan.rollouts ? `, of which its budget starts ${plan.maxStarted}` : "";
  return `${plan.rollouts} rollouts (${part}${plan.items} items × ${samplesPerItem} samples)${started}`;
}

/** The same as lines for a reader. */
export function dryRunText(input: RunInput, plan: DryRun): string {
  const { model, parallelism } = input.job.spec;
  const tokens =
    plan.maxCompletionTokens === null
      ? "no bound: set spec.model.sampling.max_tokens"
      : `at most ${plan.maxCompletionTokens} of completions; those of prompts have no bound`;
  return [
    `${input.job.metadata.name}: ${rolloutsText(input, plan)}, model ${model.name} at ${model.baseURL}`,
    `  attempts  at most ${plan.maxAttempts}, retries included`,
    `  turns     at most ${plan.maxTurns}, tool calls at most ${plan.maxToolCalls}`,
    `  tokens    ${tokens}`,
    `  seconds   at most ${plan.maxAgentSeconds} of model and tool time, ${plan.maxWallSeconds} by the clock with ${parallelism} at a time (waits for a busy model or grader not counted)`,
    "Nothing was started and nothing was sent.",
    "",
  ].join("\n");
}
