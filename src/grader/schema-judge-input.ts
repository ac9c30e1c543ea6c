import { z } from "zod";

const templateSchema = z.string().meta({ description: "The text: a template over `item` and `sample`." });

const textBlockSchema = z.strictObject({
  type: z.enum(["input_text", "output_text"]).meta({ description: "A piece of text." }),
  text: templateSchema,
});

const imageBlockSchema = z.strictObject({
  type: z.literal("input_image").meta({ description: "An image, in a user's message only." }),
  image_url: z.string().min(1).meta({ description: "URL or data URL: a template." }),
  detail: z.string().optional().meta({ description: "How closely the judge looks." }),
});

const audioBlockSchema = z.strictObject({
  type: z.literal("input_audio").meta({ description: "Sound, in a user's message only." }),
  input_audio: z
    .strictObject({
      data: z.string().min(1).meta({ description: "Base64: a template." }),
      format: z.enum(["mp3", "wav"]).meta({ description: "Its format." }),
    })
    .meta({ description: "The sound." }),
});

const blockSchema = z.discriminatedUnion("type", [textBlockSchema, imageBlockSchema, audioBlockSchema]);

const contentSchema = z.union([
  templateSchema,
  blockSchema,
  z.array(z.union([z.string(), blockSchema])).min(1),
]);

const judgeMessageSchema = z
  .strictObject({
    type: z.literal("message").optional().meta({ description: "Always `message`." }),
    role: z.enum(["system", "developer", "user", "assistant"]).meta({ description: "Who speaks." }),
    content: contentSchema.meta({
      description:
        "A text, a block or a list of them. A block is `{type: input_text, text}`, `{type: output_text, text}`, `{type: input_image, image_url, detail?}` or `{type: input_audio, input_audio: {data, format}}`. Texts are templates over `item` and `sample`.",
    }),
  })
  .refine(({ role, content }) => role === "user" || ![content].flat().some(isMedia), {
    path: ["content"],
    message: "may hold images and sound in a message of role user only",
  });

/** The messages of a judge, as OpenAI's graders have them. */
export const judgeInputSchema = z
  .array(judgeMessageSchema)
  .min(1)
  .meta({ description: "The messages that the judge model gets." });

/** See {@link judgeInputSchema}. */
export type JudgeMessageSpec = z.output<typeof judgeMessageSchema>;

/** One piece of a message's content; a text alone is one too. */
export type JudgeContentBlock = string | z.output<typeof blockSchema>;

function isMedia(block: JudgeContentBlock): boolean {
  return typeof block !== "string" && (block.type === "input_image" || block.type === "input_audio");
}
