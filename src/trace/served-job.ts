import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import type { RolloutJobSpec } from "../job/rollout-job.ts";

/**
 * What stands for the job in the snapshot of a served environment: the trainer has the dataset and the model, and nothing of this is
 * ever asked.
 */
export function servedJobSpec(environmentName: string): RolloutJobSpec {
  return rolloutJobSpecSchema.parse({
    environmentRef: { name: environmentName },
    dataset: { inline: [{}] },
    model: { baseURL: "http://hosted-trainer.invalid/v1", name: "hosted-trainer" },
    retry: { maxAttempts: 1 },
  });
}
