import type { JobCreateParams, FineTuningJob } from "openai/resources/fine-tuning/jobs/jobs";
import type { ReinforcementMethod } from "openai/resources/fine-tuning/methods";
import { describe, expect, expectTypeOf, it } from "vitest";
import { jobRequest } from "../trainer/job/job-request.ts";
import type { JobRequest, TrainerHyperparameters } from "../trainer/job/job-request.ts";
import { createParams } from "./fine-tuning-client.ts";

type Reinforcement = JobRequest["method"]["reinforcement"];
/** Documented by the platforms' samples, and not in the package's types. */
type Undeclared = "grader" | "tools" | "max_episode_steps" | "response_format";

describe("the request for a fine-tuning job", () => {
  it("is one in the package's own types, but for what those do not know", () => {
    expectTypeOf<Omit<JobRequest, "method">>().toExtend<Omit<JobCreateParams, "training_file">>();
    expectTypeOf<JobRequest["method"]["type"]>().toExtend<NonNullable<JobCreateParams["method"]>["type"]>();
    expectTypeOf<Omit<Reinforcement, Undeclared>>().toExtend<Omit<ReinforcementMethod, "grader">>();
    expectTypeOf<keyof Reinforcement>().toEqualTypeOf<Undeclared | "hyperparameters">();
    expectTypeOf<keyof TrainerHyperparameters>().toEqualTypeOf<
      keyof NonNullable<ReinforcementMethod["hyperparameters"]>
    >();
    expectTypeOf<ReturnType<typeof createParams>>().toExtend<JobCreateParams>();
    expectTypeOf<FineTuningJob["status"]>().toExtend<string>();
  });

  it("has the environment's blocks, the files and what was asked for, and nothing else", () => {
    const method = {
      tools: [{ name: "shell", server_url: "https://x/tools/shell", headers: { Authorization: "Bearer k" } }],
      grader: { type: "endpoint", name: "e", url: "https://x/grade", rate_limit: 50, pass_threshold: 1 },
      max_episode_steps: 50,
    } as const;
    const request = jobRequest({
      model: "o4-mini-2025-04-16",
      method,
      hyperparameters: { n_epochs: 1, reasoning_effort: "medium" },
      maxEpisodeSteps: 8,
      seed: 42,
      extra: { trainingType: "globalStandard" },
    });
    expect(createParams(request, { training: "file-1", validation: "file-2" })).toEqual({
      model: "o4-mini-2025-04-16",
      training_file: "file-1",
      validation_file: "file-2",
      seed: 42,
      trainingType: "globalStandard",
      method: {
        type: "reinforcement",
        reinforcement: {
          ...method,
          max_episode_steps: 8,
          hyperparameters: { n_epochs: 1, reasoning_effort: "medium" },
        },
      },
    });
  });
});
