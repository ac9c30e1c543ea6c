import { z } from "zod";
import { ALWAYS_CHECK, exactlyOneProblem } from "../lib/schema/cross-field.ts";
import { httpHeadersSchema } from "../lib/schema/headers.ts";
import { httpUrlSchema } from "../lib/schema/http-url.ts";
import { ENV_NAME_PATTERN } from "../lib/schema/names.ts";
import { secretRefSchema } from "../lib/schema/secret-ref.ts";

const timeoutSecondsSchema = z.int32().min(1).optional().meta({
  description: "Most seconds of one call; default `limits.toolSeconds`.",
});

const execToolSchema = z.strictObject({
  argv: z.array(z.string()).min(1, "must name a command").meta({
    description: "The command and its arguments, each a template over `arguments`. No shell reads it.",
  }),
  stdin: z.string().optional().meta({ description: "Standard input: a template over `arguments`." }),
  cwd: z.string().min(1).optional().meta({
    description: "Working folder: a template over `arguments`; default the sandbox's workdir.",
  }),
  env: z
    .record(z.string().regex(ENV_NAME_PATTERN, "must be the name of an environment variable"), z.string())
    .optional()
    .meta({
      description:
        "Extra environment variables: templates over `arguments`, and over `item` by named key. The only place of a tool that sees the item, so that answers don't leak.",
    }),
  timeoutSeconds: timeoutSecondsSchema,
});

const httpToolSchema = z.strictObject({
  url: httpUrlSchema.meta({ description: "Endpoint that speaks the Agent RFT tool contract." }),
  headers: httpHeadersSchema.optional().meta({ description: "Headers with plain values." }),
  headersSecret: secretRefSchema.optional().meta({
    description: "A Secret whose every key is a header's name and whose value is that header's value.",
  }),
  timeoutSeconds: timeoutSecondsSchema,
});

/** The names that `preset` takes. */
export const TOOL_PRESETS = ["shell", "files"] as const;

/** What a preset brings itself, and so must not be given beside it. */
const PRESET_BRINGS = ["name", "description", "parameters", "strict"] as const;

/** One element of `spec.tools` of an Environment. */
export const toolSpecSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, '_' or '-'")
      .optional()
      .meta({ description: "Name that the model calls; unique. Required but for a preset." }),
    description: z.string().optional().meta({ description: "What the model reads about the tool." }),
    parameters: z.record(z.string(), z.unknown()).optional().meta({
      description: "JSON schema of the arguments: an object schema. Default: no arguments.",
    }),
    strict: z.boolean().optional().meta({
      description: "Asks the model's endpoint to follow the schema strictly.",
    }),
    exec: execToolSchema.optional().meta({ description: "Runs a command in the rollout's sandbox." }),
    http: httpToolSchema.optional().meta({ description: "Calls a remote tool; delivered at least once." }),
    preset: z.enum(TOOL_PRESETS).optional().meta({
      description:
        "`shell` brings shell(command). `files` brings list_files(path), read_file(path, start_line?, end_line?), write_file(path, content) and apply_patch(patch).",
    }),
  })
  .superRefine((tool, context) => {
    const problem = exactlyOneProblem(tool, ["exec", "http", "preset"]);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    if (tool.preset === undefined) {
      if (tool.name !== undefined) return;
      context.addIssue({ code: "custom", path: ["name"], message: "is required" });
      return;
    }
    for (const field of PRESET_BRINGS) {
      if (tool[field] === undefined) continue;
      context.addIssue({
        code: "custom",
        path: [field],
        message: "must not be given: the preset brings its own",
      });
    }
  }, ALWAYS_CHECK);

/** See {@link toolSpecSchema}. */
export type ToolSpec = z.output<typeof toolSpecSchema>;
