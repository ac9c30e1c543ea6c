import type { RollyardError } from "../errors/rollyard-error.ts";
import { errorFlagsOfFailure } from "./error-flags.ts";
import type { GraderErrorFlags } from "./error-flags.ts";
import type { GradeResult } from "./port.ts";
import { spentBefore } from "./token-usage.ts";
import type { TokensByModel } from "./token-usage.ts";

/** Tokens of one judge model, under the names of OpenAI's usage. */
interface RunTokens {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly cached_tokens: number;
}

/**
 * A grading in the shape of OpenAI's `POST /v1/fine_tuning/alpha/graders/run`. The one difference: `reward` is null where
 * the grader failed, for there is no number that says so.
 * Source: https://platform.openai.com/docs/api-reference/graders/run
 */
export interface GraderRun {
  readonly reward: number | null;
  readonly sub_rewards: Readonly<Record<string, number>>;
  readonly model_grader_token_usage_per_model: Readonly<Record<string, RunTokens>>;
  readonly metadata: {
    readonly name: string;
    readonly type: string;
    /** Seconds. */
    readonly execution_time: number;
    readonly scores: Readonly<Record<string, number>>;
    /** All tokens of all judges; null when none was asked. */
    readonly token_usage: number | null;
    /** The judge model, when exactly one answered. */
    readonly sampled_model_name: string | null;
    readonly errors: GraderErrorFlags;
  };
}

/** Whose grading it was. */
interface RunGrader {
  readonly name?: string | undefined;
  readonly type: string;
}

/** The answer of a grading that came to a reward. */
export function graderRun(grader: RunGrader, result: GradeResult): GraderRun {
  const { reward, subRewards, usage, executionSeconds, errors } = result;
  return {
    reward,
    sub_rewards: subRewards,
    model_grader_token_usage_per_model: tokensOf(usage),
    metadata: metadataOf(grader, { scores: subRewards, usage, seconds: executionSeconds, errors }),
  };
}

/** The answer of a grading that failed: no reward, and the flag that says why. */
export function failedGraderRun(grader: RunGrader, error: RollyardError, seconds: number): GraderRun {
  const errors = errorFlagsOfFailure(error);
  const usage = spentBefore(error);
  return {
    reward: null,
    sub_rewards: {},
    model_grader_token_usage_per_model: tokensOf(usage),
    metadata: metadataOf(grader, { scores: {}, usage, seconds, errors }),
  };
}

interface RunFacts {
  readonly scores: Readonly<Record<string, number>>;
  readonly usage: TokensByModel;
  readonly seconds: number;
  readonly errors: GraderErrorFlags;
}

function metadataOf(
  { name, type }: RunGrader,
  { scores, usage, seconds, errors }: RunFacts,
): GraderRun["metadata"] {
  const totals = Object.values(tokensOf(usage)).map(({ total_tokens: total }) => total);
  const [model, ...others] = Object.keys(usage);
  return {
    name: name ?? type,
    type,
    execution_time: seconds,
    scores,
    token_usage: totals.length === 0 ? null : totals.reduce((sum, total) => sum + total, 0),
    sampled_model_name: others.length === 0 ? (model ?? null) : null,
    errors,
  };
}

function tokensOf(usage: TokensByModel): Readonly<Record<string, RunTokens>> {
  return Object.fromEntries(
    Object.entries(usage).map(([model, { promptTokens, completionTokens, cachedTokens }]) => [
      model,
      {
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: promptTokens + completionTokens,
        cached_tokens: cachedTokens,
      },
    ]),
  );
}
