import { z } from "zod";
import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import { metaConditionSchema } from "../lib/schema/meta-condition.ts";

const count = (description: string) => z.int().min(0).meta({ description });

const optionalCount = (description: string) => z.int().min(0).optional().meta({ description });

/** `status` of an Environment: its sandboxes and, when the gateway serves it, its traces. */
export const environmentStatusSchema = z.strictObject({
  observedGeneration: z.int().min(0).optional().meta({
    description: "The `metadata.generation` that this status is about.",
  }),
  ready: optionalCount("Sandboxes that wait for a rollout."),
  starting: optionalCount("Sandboxes that are being started."),
  leased: optionalCount("Sandboxes that belong to a rollout."),
  failed: optionalCount("Sandboxes that did not start, since the controller began."),
  replicas: optionalCount("Warm sandboxes, ready or starting: what the scale subresource shows."),
  selector: z.string().optional().meta({
    description: "Label selector of the sandbox pods, for the scale subresource.",
  }),
  traces: z
    .strictObject({
      live: count("Traces that a hosted trainer is running."),
      graded: count("Traces that ended with a reward."),
      failed: count("Traces that ended without one."),
    })
    .optional()
    .meta({ description: "Traces of hosted trainers." }),
  failures: z
    .partialRecord(z.enum(FAILURE_CLASSES), z.int().min(0))
    .optional()
    .meta({ description: "Failed traces by class." }),
  reward: z
    .strictObject({ mean: z.number().optional().meta({ description: "Mean over graded traces." }) })
    .optional()
    .meta({ description: "Rewards of graded traces." }),
  conditions: z.array(metaConditionSchema).optional().meta({
    description: "Ready, ImageRequired, StartFailing, NetworkPolicyNotEnforced, NotServed, Terminating.",
  }),
});
