import type { JsonValue } from "../lib/json.ts";
import type { ChatToolCall } from "../model/port.ts";

/** The last answer as one choice of a chat completion. */
export interface SampleChoice {
  readonly index: number;
  readonly message: {
    readonly role: "assistant";
    readonly content: string | null;
    readonly tool_calls: readonly ChatToolCall[];
    readonly refusal: string | null;
  };
  readonly finish_reason: string;
}

/** What templates and graders see as `sample`: OpenAI's shape, under its names. */
export interface Sample {
  /** The last answer; empty when the model never answered. */
  readonly choices: readonly SampleChoice[];
  /** The last assistant text, or empty. */
  readonly output_text: string;
  /** `output_text` parsed; absent without a response format, and when it is no JSON. */
  readonly output_json?: JsonValue;
  /** Tool calls of the last answer. */
  readonly output_tools: readonly ChatToolCall[];
  readonly output_reasoning_summary: string | null;
}
