import { z } from "zod";
import { httpHeadersSchema } from "../lib/schema/headers.ts";
import { httpUrlSchema } from "../lib/schema/http-url.ts";
import { secretKeyRefSchema } from "../lib/schema/secret-ref.ts";

/** One value of `spec.judges`: the endpoint of a judge model. The key is the `model` that graders name. */
export const judgeSpecSchema = z.strictObject({
  baseURL: httpUrlSchema.meta({ description: "OpenAI-compatible endpoint of the judge." }),
  name: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Model name at the endpoint; default the map's key." }),
  apiKeySecret: secretKeyRefSchema.optional().meta({ description: "Where the endpoint's key is." }),
  structuredOutput: z.enum(["json_schema", "json_object", "none"]).default("json_schema").meta({
    description:
      "How the endpoint is asked for a structured answer: by a JSON schema, as any JSON object, or by words alone where it knows neither.",
  }),
  headers: httpHeadersSchema.optional().meta({ description: "Extra headers with plain values." }),
});

/** See {@link judgeSpecSchema}. */
export type JudgeSpec = z.output<typeof judgeSpecSchema>;
