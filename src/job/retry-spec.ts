import { z } from "zod";

/** `spec.retry` of a RolloutJob: new attempts after infrastructure failures. */
export const retrySpecSchema = z.strictObject({
  maxAttempts: z.int32().min(1).default(3).meta({ description: "Most attempts of one rollout." }),
  budgetPercent: z.int32().min(0).default(20).meta({
    description: "The job's extra attempts: this percentage of its rollouts, at least 10.",
  }),
});

/** See {@link retrySpecSchema}. */
export type RetrySpec = z.output<typeof retrySpecSchema>;

/** `spec.budget` of a RolloutJob: dispatch stops when it is spent. */
export const budgetSpecSchema = z.strictObject({
  totalTokens: z.int().min(1).optional().meta({
    description:
      "Once the outcomes count this many prompt and completion tokens, nothing more is started. What is under way goes on: at most `parallelism` rollouts, for with this budget one that waits for its grade holds its place.",
  }),
  rollouts: z.int32().min(1).optional().meta({ description: "Most rollouts that are dispatched." }),
});
