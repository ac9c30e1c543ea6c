import { z } from "zod";

/**
 * One entry of `status.conditions`, of the shape that Kubernetes gives every condition (meta/v1 Condition).
 * `reason` is a stable word for programs, `message` a sentence for people.
 */
export const metaConditionSchema = z.strictObject({
  type: z.string().min(1).max(316).meta({ description: "What this is about; one entry a type." }),
  status: z.enum(["True", "False", "Unknown"]).meta({ description: "Whether it holds." }),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .meta({ description: "The `metadata.generation` that this was said about." }),
  lastTransitionTime: z.iso.datetime().meta({ description: "When `status` last changed." }),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .meta({ description: "One word on why, for programs." }),
  message: z.string().max(32_768).meta({ description: "A sentence on why, for people." }),
});
