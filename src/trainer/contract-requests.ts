import type { JsonObject } from "../lib/json.ts";

/** One call of a tool as the platform sends it: `POST server_url`. */
export interface ToolRequest {
  readonly type: "function_call";
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  /** The model's arguments: JSON text, which may be broken; some senders put the object itself. */
  readonly arguments: string | JsonObject;
  readonly trace_id: string;
  /** The row of the dataset. */
  readonly item: JsonObject;
}

/** The end of a rollout as the platform sends it: `POST grader.url`. */
export interface GradeRequest {
  readonly sample: JsonObject;
  readonly item: JsonObject;
  readonly trace_id: string;
}

/**
 * `sample` of an answer without tool calls in it, in the shape that graders of the platforms were seen to get
 * (docs/trainer.md).
 */
export function sampleOf(outputText: string): JsonObject {
  return {
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: outputText, tool_calls: null },
        finish_reason: "stop",
      },
    ],
    output_text: outputText,
    output_json: null,
    output_tools: [],
    output_reasoning_summary: null,
  };
}
