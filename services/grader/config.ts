import { z } from "zod";
import { joinedStoreField, metricsConfigSchema, natsFields } from "../../src/config/service-config-parts.ts";

const LIMITED_TYPES = [
  "python",
  "endpoint",
  "text_similarity",
  "score_model",
  "label_model",
  "judge_veto",
  "command",
] as const;

const limitsSchema = z.strictObject({
  concurrency: z
    .int32()
    .min(1)
    .optional()
    .meta({ description: "Runs at once; default no limit of its own." }),
  requestsPerSecond: z.number().gt(0).optional().meta({
    description: "Runs begun in a second; default no limit of its own.",
  }),
  tries: z.int32().min(1).max(20).optional().meta({
    description: "Tries of one that ran and failed, 3 by default; waiting for what is down costs none.",
  }),
});

/** The configuration file of a grader process. The NATS password comes from the environment variable NATS_PASSWORD. */
export const graderConfigSchema = z.strictObject({
  nats: z
    .strictObject({ ...natsFields("grader"), ...joinedStoreField })
    .meta({ description: "The message bus." }),
  concurrency: z.int32().min(1).max(1024).default(32).meta({
    description:
      "Gradings that run at once; those that only wait for an endpoint or a judge are held beside them.",
  }),
  graders: z.partialRecord(z.enum(LIMITED_TYPES), limitsSchema).default({}).meta({
    description:
      "Limits of each grader of a type, in this process: python, endpoint, text_similarity, score_model, label_model, judge_veto, command.",
  }),
  metrics: metricsConfigSchema,
});

/** See {@link graderConfigSchema}. */
export type GraderConfig = z.output<typeof graderConfigSchema>;
