import { z } from "zod";
import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import { conditionSchema } from "../lib/schema/condition.ts";

const count = (description: string) => z.int().min(0).default(0).meta({ description });

/** `status` of a RolloutJob: counters and index ranges, so that it stays small however large the job is. */
export const rolloutJobStatusSchema = z.strictObject({
  observedGeneration: z.int().min(0).optional().meta({
    description: "The `metadata.generation` that this status is about.",
  }),
  startTime: z.iso.datetime().optional().meta({ description: "When the first rollout was dispatched." }),
  completionTime: z.iso.datetime().optional().meta({ description: "When the job ended." }),
  rollouts: z
    .strictObject({
      total: count("Rollouts of the job."),
      pending: count("Not dispatched, or waiting for their next attempt."),
      active: count("Dispatched to a worker."),
      grading: count("Stopped and waiting for their grade."),
      graded: count("Ended with a reward."),
      failed: count("Ended without a reward."),
    })
    .optional()
    .meta({ description: "How many rollouts are where." }),
  failures: z
    .partialRecord(z.enum(FAILURE_CLASSES), z.int().min(0))
    .optional()
    .meta({ description: "Failed rollouts by class; their sum is `rollouts.failed`." }),
  attempts: z
    .strictObject({
      started: count("Attempts that were dispatched."),
      retried: count("Of them those after an attempt that failed."),
    })
    .optional()
    .meta({ description: "How many tries it took." }),
  tokens: z
    .strictObject({ prompt: count("Prompt tokens."), completion: count("Completion tokens.") })
    .optional()
    .meta({ description: "Tokens as the model's endpoint counted them." }),
  reward: z
    .strictObject({
      mean: z.number().optional().meta({ description: "Mean over graded rollouts." }),
      stddev: z.number().optional().meta({ description: "Standard deviation over graded rollouts." }),
      min: z.number().optional().meta({ description: "Least." }),
      max: z.number().optional().meta({ description: "Greatest." }),
      zeroVarianceGroups: count("Groups whose graded members all have the same reward."),
    })
    .optional()
    .meta({ description: "Rewards of graded rollouts; a rollout without one is left out." }),
  gradedIndexes: z.string().optional().meta({
    description: "Graded rollouts as ranges of item × samplesPerItem + sample, such as 0-511,600.",
  }),
  conditions: z.array(conditionSchema).default([]).meta({
    description:
      "Progressing, Suspended, Backpressure and, once it has ended, exactly one of Complete, Failed.",
  }),
});
