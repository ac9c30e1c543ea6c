import { z } from "zod";
import type { JsonObject } from "../lib/json.ts";
import type { AssistantMessage, ChatToolCall } from "../model/port.ts";
import type { GradeInput } from "./port.ts";
import type { Sample } from "./sample.ts";
import { sampleFromAttempt } from "./sample-from-attempt.ts";
import { trajectoryFacts } from "./trajectory-facts.ts";

const toolCallSchema: z.ZodType<ChatToolCall> = z.object({
  id: z.string().default(""),
  type: z.literal("function").default("function"),
  function: z.object({ name: z.string(), arguments: z.string().default("") }),
});

/** A sample as its author writes it: any part of OpenAI's shape. */
export const givenSampleSchema = z.strictObject({
  output_text: z.string().default(""),
  output_json: z.json().optional(),
  output_tools: z.array(toolCallSchema).default([]),
  output_reasoning_summary: z.string().nullable().default(null),
  choices: z.array(z.unknown()).optional(),
});

/** See {@link givenSampleSchema}. */
export type GivenSample = z.output<typeof givenSampleSchema>;

/** The sample of one answer's text. `output_json` is the text parsed, where it may be and is JSON. */
export function sampleOfText(text: string, options: { readonly hasResponseFormat: boolean }): Sample {
  return sampleFromAttempt({ turns: [{ message: answerOf(text, []), finishReason: "stop" }] }, options);
}

/** The whole sample of a given part; what is not given follows from what is. */
export function sampleOfGiven(given: GivenSample, options: { readonly hasResponseFormat: boolean }): Sample {
  const { output_text: text, output_tools: calls, output_json: json, choices } = given;
  const made = sampleFromAttempt(
    { turns: [{ message: answerOf(text, calls), finishReason: "stop" }] },
    options,
  );
  return {
    ...made,
    ...(json === undefined ? {} : { output_json: json }),
    // Graders read it by templates only, which bear any shape.
    ...(choices === undefined ? {} : { choices: choices as unknown as Sample["choices"] }),
    output_reasoning_summary: given.output_reasoning_summary,
  };
}

/**
 * What a grader sees of a sample that no rollout stands behind: one turn, its calls without an end, no tokens and no time.
 * A formula that asks for tokens fails, as it does where an endpoint counts none.
 */
export function loneGradeInput(sample: Sample, item: JsonObject, traceId = "trace_lone"): GradeInput {
  const calls = sample.output_tools.map((call) => ({
    name: call.function.name,
    argumentsJson: call.function.arguments,
    returned: null,
  }));
  const turn = { usage: null, modelMs: 0, calls };
  return {
    item,
    sample,
    trajectory: trajectoryFacts({ turns: [turn], seal: null }, sample.output_text),
    attempt: { rolloutId: "lone-0-0", traceId, attempt: 0 },
  };
}

function answerOf(content: string, calls: readonly ChatToolCall[]): AssistantMessage {
  return { role: "assistant", content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}
