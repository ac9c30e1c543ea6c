import { z } from "zod";

/** `spec.responseFormat` of an Environment: OpenAI's `json_schema` response format. */
export const responseFormatSchema = z.strictObject({
  type: z.literal("json_schema").meta({ description: "Always `json_schema`." }),
  json_schema: z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-zA-Z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, '_' or '-'")
        .meta({ description: "Name of the schema." }),
      description: z.string().optional().meta({ description: "What the model reads about it." }),
      strict: z
        .boolean()
        .optional()
        .meta({ description: "Asks the endpoint to follow the schema strictly." }),
      schema: z.record(z.string(), z.unknown()).meta({ description: "The JSON schema." }),
    })
    .meta({ description: "The schema and its name." }),
});
