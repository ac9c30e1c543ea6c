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
  namedGraders: z.record(z.string().min(1), limitsSchema).default({}).meta({
    description:
      "Limits of single graders, in this process, over those of their type. A key is the grader's key in its `multi`, or its name, alone or as `NAMESPACE/ENVIRONMENT/KEY`.",
  }),
  drainSeconds: z.int32().min(0).max(3600).default(30).meta({
    description:
      "After SIGTERM, the time that running gradings have to end; then they are given back. What only waits is given back at once.",
  }),
  metrics: metricsConfigSchema,
});

/** See {@link graderConfigSchema}. */
export type GraderConfig = z.output<typeof graderConfigSchema>;
