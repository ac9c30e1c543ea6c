import { z } from "zod";

/** `spec.prompt` of an Environment: messages whose texts are templates over `item`. */
export const promptSpecSchema = z
  .array(
    z.strictObject({
      role: z.enum(["system", "developer", "user", "assistant"]).meta({ description: "Who speaks." }),
      content: z.string().min(1).meta({ description: "The text: a template over `item`." }),
    }),
  )
  .min(1, "must hold at least one message")
  .refine((messages) => messages.at(-1)?.role === "user", "must end with a message of role user");

/** See {@link promptSpecSchema}. */
export type PromptSpec = z.output<typeof promptSpecSchema>;
