import { z } from "zod";
import { isJsonObject } from "../lib/json.ts";
import { ALWAYS_CHECK, givenFields } from "../lib/schema/cross-field.ts";
import { httpHeadersSchema } from "../lib/schema/headers.ts";
import { httpUrlSchema } from "../lib/schema/http-url.ts";
import { secretKeyRefSchema } from "../lib/schema/secret-ref.ts";

/** `spec.model.sampling`: OpenAI's names; what is absent is left to the endpoint. */
export const samplingSchema = z.strictObject({
  temperature: z.number().min(0).optional().meta({ description: "Sampling temperature." }),
  top_p: z.number().min(0).max(1).optional().meta({ description: "Nucleus sampling." }),
  max_tokens: z.int32().min(1).optional().meta({ description: "Most tokens of one model call." }),
  seed: z
    .int32()
    .optional()
    .meta({ description: "Each rollout gets this seed plus its own index. Only with `api: chat`." }),
  stop: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: "Texts that end a completion. Only with `api: chat`." }),
  reasoning_effort: z.string().min(1).optional().meta({
    description: "How much the model thinks, in the endpoint's own words.",
  }),
  logprobs: z.boolean().optional().meta({ description: "Asks for the log probabilities of sampled tokens." }),
  top_logprobs: z.int32().min(0).max(20).optional().meta({
    description: "Asks for the log probabilities of this many likeliest tokens.",
  }),
});

/** Sampling parameters that the Responses API has not. https://platform.openai.com/docs/api-reference/responses/create */
const CHAT_ONLY = ["seed", "stop"] as const;

/** `spec.model` of a RolloutJob: the model whose rollouts are made. */
export const modelSpecSchema = z
  .strictObject({
    baseURL: httpUrlSchema.meta({
      description: "OpenAI-compatible endpoint, such as http://vllm.models:8000/v1.",
    }),
    name: z.string().min(1).meta({ description: "Model name at the endpoint." }),
    api: z.enum(["chat", "responses"]).default("chat").meta({
      description: "Which API the endpoint speaks: chat completions or responses.",
    }),
    apiKeySecret: secretKeyRefSchema.optional().meta({ description: "Where the endpoint's key is." }),
    headers: httpHeadersSchema.optional().meta({ description: "Extra headers with plain values." }),
    sampling: samplingSchema.prefault({}).meta({ description: "Sampling parameters." }),
    extraBody: z.record(z.string(), z.unknown()).optional().meta({
      description: "Goes into each request as it is, such as vLLM's `return_token_ids` or `top_k`.",
    }),
    requestTimeoutSeconds: z
      .int32()
      .min(1)
      .default(600)
      .meta({ description: "Most seconds of one model call." }),
    idleTimeoutSeconds: z.int32().min(1).default(120).meta({
      description:
        "Most seconds between two pieces of an answer that has begun. Until it begins, `requestTimeoutSeconds` counts.",
    }),
  })
  .superRefine(({ api, sampling }, context) => {
    if (api !== "responses" || !isJsonObject(sampling)) return;
    for (const name of givenFields(sampling, CHAT_ONLY)) {
      context.addIssue({
        code: "custom",
        path: ["sampling", name],
        message: "does not exist in the Responses API; leave it out, or use api: chat",
      });
    }
  }, ALWAYS_CHECK);

/** See {@link modelSpecSchema}. */
export type ModelSpec = z.output<typeof modelSpecSchema>;
