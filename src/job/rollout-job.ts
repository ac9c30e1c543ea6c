import { z } from "zod";
import { dnsLabelSchema, dnsSubdomainSchema } from "../lib/schema/names.ts";
import { objectMetadataSchema } from "../lib/schema/object-metadata.ts";
import { datasetSpecSchema } from "./dataset-spec.ts";
import { modelSpecSchema } from "./model-spec.ts";
import { budgetSpecSchema, retrySpecSchema } from "./retry-spec.ts";

/** Fields of `spec` that may change while a job runs; a change of any other makes another job. */
export const MUTABLE_JOB_FIELDS = [
  "parallelism",
  "suspend",
  "deadlineSeconds",
  "priority",
  "ttlSecondsAfterFinished",
  "retry",
  "budget",
] as const;

/** `spec` of a RolloutJob. */
export const rolloutJobSpecSchema = z.strictObject({
  environmentRef: z
    .strictObject({ name: dnsLabelSchema.meta({ description: "Name of the Environment." }) })
    .meta({ description: "The Environment, in the same namespace." }),
  dataset: datasetSpecSchema.meta({
    description: "The items: exactly one of inline, file, url, configMap, blob.",
  }),
  samplesPerItem: z
    .int32()
    .min(1)
    .default(1)
    .meta({ description: "Rollouts of each item: the group's size." }),
  indexes: z
    .string()
    .regex(/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/, "must be ranges such as 0-511,600")
    .optional()
    .meta({
      description: "Only these rollouts: ranges of item × samplesPerItem + sample. Default all.",
    }),
  retryOf: dnsLabelSchema.optional().meta({
    description: "The job whose missing rollouts these are; set by `rollyard retry`.",
  }),
  parallelism: z.int32().min(1).default(16).meta({ description: "Most rollouts active at once." }),
  model: modelSpecSchema.meta({ description: "The model whose rollouts are made." }),
  policyVersion: z.string().min(1).optional().meta({
    description: "Echoed into every result; without it, what the server reports per response.",
  }),
  retry: retrySpecSchema.prefault({}).meta({ description: "New attempts after infrastructure failures." }),
  budget: budgetSpecSchema.optional().meta({ description: "Dispatch stops when this is spent." }),
  priority: z.int32().default(0).meta({ description: "Higher goes first within its namespace." }),
  priorityClassName: dnsSubdomainSchema.optional().meta({ description: "Priority class of the pods." }),
  queueName: dnsSubdomainSchema.optional().meta({ description: "Kueue queue of the pods." }),
  deadlineSeconds: z.int32().min(1).optional().meta({
    description:
      "The job is stopped after this many seconds of running; the time while it is suspended, or interrupted and not resumed, doesn't count.",
  }),
  suspend: z.boolean().default(false).meta({ description: "Stops the job until it is false again." }),
  ttlSecondsAfterFinished: z.int32().min(0).optional().meta({
    description: "Deletes the job and its records this many seconds after its end; without it they stay.",
  }),
});

/** See {@link rolloutJobSpecSchema}. */
export type RolloutJobSpec = z.output<typeof rolloutJobSpecSchema>;

/** A whole RolloutJob document. */
export const rolloutJobSchema = z.strictObject({
  apiVersion: z.literal("rollyard.dev/v1alpha1").meta({ description: "Version of this schema." }),
  kind: z.literal("RolloutJob").meta({ description: "The kind." }),
  metadata: objectMetadataSchema(dnsLabelSchema).meta({ description: "Name and labels." }),
  spec: rolloutJobSpecSchema.meta({ description: "What is wanted." }),
  status: z.unknown().optional().meta({ description: "Written by the controller; ignored in files." }),
});

/** See {@link rolloutJobSchema}. */
export type RolloutJob = z.output<typeof rolloutJobSchema>;
