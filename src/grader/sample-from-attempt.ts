import type { JsonValue } from "../lib/json.ts";
import type { TurnState } from "../rollout/state.ts";
import type { Sample, SampleChoice } from "./sample.ts";

/** What of a turn a sample is made from. */
export type SampledMessage = Pick<TurnState, "message" | "finishReason">;

/**
 * Makes the sample that graders see from a folded attempt. An attempt that ended at a limit has no final answer;
 * then `output_text` is what the model said last, and `choices` its last message with the calls that it asked for.
 */
export function sampleFromAttempt(
  attempt: { readonly turns: readonly SampledMessage[] },
  options: { readonly hasResponseFormat: boolean },
): Sample {
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
