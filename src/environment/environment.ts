import { z } from "zod";
import { graderSchema } from "../grader/schema.ts";
import { ALWAYS_CHECK } from "../lib/schema/cross-field.ts";
import { dnsLabelSchema } from "../lib/schema/names.ts";
import { objectMetadataSchema } from "../lib/schema/object-metadata.ts";
import { graderRuntimeSchema } from "./grader-runtime.ts";
import { judgeSpecSchema } from "./judge-spec.ts";
import { limitsSchema } from "./limits.ts";
import { promptSpecSchema } from "./prompt-spec.ts";
import { recoverySpecSchema } from "./recovery-spec.ts";
import { responseFormatSchema } from "./response-format.ts";
import { sandboxSpecSchema } from "./sandbox-spec.ts";
import { serveSpecSchema } from "./serve-spec.ts";
import { duplicateToolNames } from "./tool-names.ts";
import { toolSpecSchema } from "./tool-spec.ts";

/** The API server checks every pair of names, and refuses rules that could take it too long. */
const MAX_TOOLS = 256;

/** `spec` of an Environment. */
export const environmentSpecSchema = z
  .strictObject({
    sandbox: sandboxSpecSchema.prefault({}).meta({ description: "Where the agent's tools run." }),
    prompt: promptSpecSchema.optional().meta({
      description: "Messages made from the item; without it each row brings its own `messages`.",
    }),
    responseFormat: responseFormatSchema.optional().meta({
      description: "The answer's JSON schema; fills `sample.output_json` for graders.",
    }),
    tools: z
      .array(toolSpecSchema)
      .max(MAX_TOOLS)
      .default([])
      .meta({ description: "What the model may call." }),
    limits: limitsSchema.prefault({}).meta({ description: "What one rollout may use." }),
    grader: graderSchema.meta({ description: "Gives the reward; its types are in graders.md." }),
    passThreshold: z.number().default(1).meta({
      description: "`passed` means a reward of at least this; a grader's own `pass_threshold` wins.",
    }),
    graderRuntime: graderRuntimeSchema.optional().meta({
      description:
        "Packages of `python` graders: exactly one of image, venv. Without it they have those of the sandbox's own python3.",
    }),
    recovery: recoverySpecSchema.prefault({}).meta({
      description: "What happens when a sandbox is lost in the middle of a rollout.",
    }),
    judges: z.record(z.string().min(1), judgeSpecSchema).default({}).meta({
      description:
        "Endpoints of the graders' judge models, by the `model` that graders name. Metric `cosine` embeds with the key `text-embedding-3-large`.",
    }),
    serve: serveSpecSchema.prefault({}).meta({
      description: "How the gateway serves it to a hosted trainer.",
    }),
  })
  .superRefine((spec, context) => {
    for (const { index, name } of duplicateToolNames(spec.tools)) {
      context.addIssue({
        code: "custom",
        path: ["tools", index],
        message: `tool name "${name}" is already taken by another tool`,
      });
    }
  }, ALWAYS_CHECK);

/** See {@link environmentSpecSchema}. */
export type EnvironmentSpec = z.output<typeof environmentSpecSchema>;

/** A whole Environment document. */
export const environmentSchema = z.strictObject({
  apiVersion: z.literal("rollyard.dev/v1alpha1").meta({ description: "Version of this schema." }),
  kind: z.literal("Environment").meta({ description: "The kind." }),
  metadata: objectMetadataSchema(dnsLabelSchema).meta({ description: "Name and labels." }),
  spec: environmentSpecSchema.meta({ description: "What is wanted." }),
  status: z.unknown().optional().meta({ description: "Written by the controller; ignored in files." }),
});

/** See {@link environmentSchema}. */
export type Environment = z.output<typeof environmentSchema>;
