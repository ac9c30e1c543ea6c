import { SUPPORTED_GRADER_KINDS } from "./grader-kinds.ts";

/** The grader types that this version can run; validation refuses the others. */
export const SUPPORTED_GRADER_TYPES: readonly string[] = [...SUPPORTED_GRADER_KINDS, "multi"];

/** The fields of `sample` that grader templates may name, as OpenAI has them. */
export const SAMPLE_FIELDS: readonly string[] = [
  "output_text",
  "output_json",
  "output_tools",
  "output_audio",
  "output_reasoning_summary",
  "choices",
];
