import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { HostedEnd, TurnState } from "../rollout/state.ts";
import type { Sample, SampleChoice } from "./sample.ts";

/** What of a turn a sample is made from. */
export type SampledMessage = Pick<TurnState, "message" | "finishReason">;

/**
 * Makes the sample that graders see from a folded attempt. An attempt that ended at a limit has no final answer;
 * then `output_text` is what the model said last, and `choices` its last message with the calls that it asked for.
 */
export function sampleFromAttempt(
  attempt: { readonly turns: readonly SampledMessage[]; readonly hosted?: HostedEnd },
  options: { readonly hasResponseFormat: boolean },
): Sample {
  if (attempt.hosted !== undefined) return hostedSample(attempt.hosted.sample, options);
  const last = attempt.turns.at(-1);
  const text = lastText(attempt.turns);
  const parsed = options.hasResponseFormat ? parseOrUndefined(text) : undefined;
  return {
    choices: last === undefined ? [] : [choiceOf(last)],
    output_text: text,
    ...(parsed === undefined ? {} : { output_json: parsed }),
    output_tools: last?.message.tool_calls ?? [],
    output_reasoning_summary: last?.message.reasoning_content ?? null,
  };
}

/** A hosted trainer brings the sample itself: what it left out is filled in, and all else stays as it is. */
function hostedSample(
  given: JsonObject,
  { hasResponseFormat }: { readonly hasResponseFormat: boolean },
): Sample {
  const choices = listOf(given["choices"]) as unknown as Sample["choices"];
  const message = choices[0]?.message;
  const tools = listOf(given["output_tools"]) as unknown as Sample["output_tools"];
  const text = textOr(given["output_text"], message?.content ?? "");
  const json = given["output_json"] ?? (hasResponseFormat ? parseOrUndefined(text) : undefined);
  return {
    ...given,
    choices,
    output_text: text,
    ...(json === undefined ? {} : { output_json: json }),
    output_tools: tools.length > 0 ? tools : (message?.tool_calls ?? []),
    output_reasoning_summary: textOr(given["output_reasoning_summary"], null),
  };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function textOr<T>(value: JsonValue | undefined, otherwise: T): string | T {
  return typeof value === "string" ? value : otherwise;
}

function lastText(turns: readonly SampledMessage[]): string {
  const speaking = turns.findLast(({ message }) => (message.content ?? "") !== "");
  return speaking?.message.content ?? "";
}

function choiceOf({ message, finishReason }: SampledMessage): SampleChoice {
  return {
    index: 0,
    message: {
      role: "assistant",
      content: message.content,
      tool_calls: message.tool_calls ?? [],
      refusal: message.refusal ?? null,
    },
    finish_reason: finishReason,
  };
}

function parseOrUndefined(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
