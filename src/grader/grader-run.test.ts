import type { GraderRunResponse } from "openai/resources/fine-tuning/alpha/graders";
import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { NO_GRADER_ERRORS } from "./error-flags.ts";
import { failedGraderRun, graderRun } from "./grader-run.ts";
import type { GradeResult } from "./port.ts";

const result: GradeResult = {
  reward: 0.75,
  passed: false,
  subRewards: { exact: 1, judge: 0.5 },
  flags: [],
  integrity: [],
  evidence: {},
  errors: NO_GRADER_ERRORS,
  executionSeconds: 1.5,
  usage: { j: { promptTokens: 100, completionTokens: 20, cachedTokens: 64, reasoningTokens: 5 } },
};

describe("a grading in OpenAI's shape", () => {
  it("is what the official client's types say", () => {
    const run = graderRun({ name: "both", type: "multi" }, result);
    // Its reward is a number for the client; ours may be null, and is not here.
    const { reward, ...rest } = run;
    const answered: GraderRunResponse = { reward: reward ?? Number.NaN, ...rest };
    expect(answered).toEqual({
      reward: 0.75,
      sub_rewards: { exact: 1, judge: 0.5 },
      model_grader_token_usage_per_model: {
        j: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, cached_tokens: 64 },
      },
      metadata: {
        name: "both",
        type: "multi",
        execution_time: 1.5,
        scores: { exact: 1, judge: 0.5 },
        token_usage: 120,
        sampled_model_name: "j",
        errors: NO_GRADER_ERRORS,
      },
    });
  });

  it("names no model where several judges, or none, were asked", () => {
    const usage = {
      ...result.usage,
      k: { promptTokens: 1, completionTokens: 2, cachedTokens: 0, reasoningTokens: 0 },
    };
    expect(graderRun({ type: "multi" }, { ...result, usage }).metadata).toMatchObject({
      name: "multi",
      token_usage: 123,
      sampled_model_name: null,
    });
    expect(graderRun({ type: "multi" }, { ...result, usage: {} }).metadata).toMatchObject({
      token_usage: null,
      sampled_model_name: null,
    });
  });

  it("has no reward when the grader failed, and says why", () => {
    const error = new RollyardError("grader_unreachable", { details: { judge: "j", status: 503 } });
    expect(failedGraderRun({ name: "q", type: "score_model" }, error, 2)).toMatchObject({
      reward: null,
      sub_rewards: {},
      metadata: {
        execution_time: 2,
        errors: {
          ...NO_GRADER_ERRORS,
          model_grader_server_error: true,
          model_grader_server_error_details: "grader_unreachable (503)",
        },
      },
    });
  });
});
