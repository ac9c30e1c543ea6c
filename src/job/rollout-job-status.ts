import { z } from "zod";
import { metaConditionSchema } from "../lib/schema/meta-condition.ts";
import { jobStatusSchema } from "./job-status.ts";

/** `status` of a RolloutJob on a cluster. All parts may be absent: conditions are told before the first count. */
export const rolloutJobStatusSchema = jobStatusSchema.partial().extend({
  observedGeneration: z.int().min(0).optional().meta({
    description: "The `metadata.generation` that this status is about.",
  }),
  startTime: z.iso.datetime().optional().meta({ description: "When the first rollout was dispatched." }),
  completionTime: z.iso.datetime().optional().meta({ description: "When the job ended." }),
  conditions: z.array(metaConditionSchema).optional().meta({
    description:
      "Progressing, Suspended, Backpressure and, once it has ended, exactly one of Complete, Failed.",
  }),
});
