/** Why an agent ended. All of these are data and go on to grading. */
export const STOP_REASONS = [
  "answered",
  "max_turns",
  "max_tool_calls",
  "agent_deadline",
  "context_length",
  "max_tokens",
  "content_filter",
  "refused",
  "sandbox_killed",
] as const;

/** One of {@link STOP_REASONS}. */
export type StopReason = (typeof STOP_REASONS)[number];

/** Whether a text from outside is a stop reason. */
export function isStopReason(text: string): text is StopReason {
  return (STOP_REASONS as readonly string[]).includes(text);
}
