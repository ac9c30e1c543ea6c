import type { GraderType } from "./schema.ts";

/** The grader types that this version can run; validation refuses the others. A release that adds one adds it here. */
export const SUPPORTED_GRADER_TYPES: readonly GraderType[] = [
  "string_check",
  "set_match",
  "multi",
  "python",
  "endpoint",
];

/** The fields of `sample` that grader templates may name, as OpenAI has them. */
export const SAMPLE_FIELDS: readonly string[] = [
  "output_text",
  "output_json",
  "output_tools",
  "output_audio",
  "output_reasoning_summary",
  "choices",
];
