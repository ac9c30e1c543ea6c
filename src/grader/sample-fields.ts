/** The fields of `sample` that grader templates may name, as OpenAI has them. */
export const SAMPLE_FIELDS: readonly string[] = [
  "output_text",
  "output_json",
  "output_tools",
  "output_audio",
  "output_reasoning_summary",
  "choices",
];
