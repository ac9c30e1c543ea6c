import { z } from "zod";
import { httpHeadersSchema } from "../lib/schema/headers.ts";
import { httpUrlSchema } from "../lib/schema/http-url.ts";
import { judgeInputSchema } from "./schema-judge-input.ts";

/** The name that results show for a grader. */
export const graderNameSchema = z.string().min(1).meta({ description: "Name shown in results." });

const templateSchema = (what: string) =>
  z.string().meta({ description: `${what}: a template over \`item\` and \`sample\`.` });

/** Compares two texts: 1 or 0. */
export const stringCheckGraderSchema = z.strictObject({
  type: z.literal("string_check").meta({ description: "Compares two texts: 1 or 0." }),
  name: graderNameSchema,
  operation: z.enum(["eq", "ne", "like", "ilike"]).meta({
    description:
      "`eq` equal, `ne` not equal, `like` input contains reference, `ilike` the same without case.",
  }),
  input: templateSchema("The text to check"),
  reference: templateSchema("The text to compare with"),
});

/** Measures how near two texts are: 0 to 1. */
export const textSimilarityGraderSchema = z.strictObject({
  type: z.literal("text_similarity").meta({ description: "How near two texts are: 0 to 1." }),
  name: graderNameSchema,
  input: templateSchema("The text to check"),
  reference: templateSchema("The text to compare with"),
  evaluation_metric: z
    .enum([
      "cosine",
      "fuzzy_match",
      "bleu",
      "gleu",
      "meteor",
      "rouge_1",
      "rouge_2",
      "rouge_3",
      "rouge_4",
      "rouge_5",
      "rouge_l",
    ])
    .meta({
      description:
        "The measure: `fuzzy_match` as rapidfuzz's ratio, `bleu` as sacrebleu's of a sentence, `gleu` and `meteor` as nltk's, `rouge_…` as rouge-score's F1. docs/graders.md says how each reads the texts.",
    }),
});

const judgeModelSchema = z.string().min(1).meta({ description: "A key of the Environment's `judges`." });

/** A judge model chooses one label; passing labels score 1. */
export const labelModelGraderSchema = z.strictObject({
  type: z
    .literal("label_model")
    .meta({ description: "A judge model chooses a label: 1 if it passes, else 0." }),
  name: graderNameSchema,
  model: judgeModelSchema,
  input: judgeInputSchema,
  labels: z.array(z.string()).min(1).meta({ description: "Labels to choose from." }),
  passing_labels: z.array(z.string()).min(1).meta({ description: "Labels that score 1." }),
});

/** A judge model gives a number. */
export const scoreModelGraderSchema = z.strictObject({
  type: z.literal("score_model").meta({ description: "A judge model gives a number." }),
  name: graderNameSchema,
  model: judgeModelSchema,
  input: judgeInputSchema,
  range: z.array(z.number()).length(2).optional().meta({
    description: "Least and greatest score; default 0 and 1. The judge's number is clamped to it.",
  }),
  sampling_params: z
    .strictObject({
      max_completions_tokens: z.int32().min(1).nullish().meta({ description: "Most tokens of an answer." }),
      reasoning_effort: z.string().nullish().meta({ description: "How much the judge thinks." }),
      seed: z.int32().nullish().meta({ description: "Seed." }),
      temperature: z.number().min(0).nullish().meta({ description: "Sampling temperature." }),
      top_p: z.number().min(0).max(1).nullish().meta({ description: "Nucleus sampling." }),
    })
    .optional()
    .meta({ description: "The judge's sampling parameters." }),
});

/** The most characters of a python grader's source. */
export const MAX_PYTHON_SOURCE = 256_000;

/** A Python function `grade(sample, item)` that returns a number. */
export const pythonGraderSchema = z.strictObject({
  type: z.literal("python").meta({ description: "A Python function that gives the number." }),
  name: graderNameSchema,
  source: z.string().min(1).max(MAX_PYTHON_SOURCE).meta({
    description: "Source text that defines `grade(sample, item) -> float`. It runs without network.",
  }),
  image_tag: z.string().optional().meta({ description: "Accepted for OpenAI's sake; without effect here." }),
});

/** An HTTP endpoint that gives the number. */
export const endpointGraderSchema = z.strictObject({
  type: z.literal("endpoint").meta({ description: "An HTTP endpoint gives the number." }),
  name: graderNameSchema.optional(),
  url: httpUrlSchema.meta({ description: "Gets `{sample, item, trace_id}`, answers `{score}`." }),
  headers: httpHeadersSchema.optional().meta({ description: "Headers with plain values." }),
  rate_limit: z.number().gt(0).optional().meta({ description: "Most requests per second." }),
});
