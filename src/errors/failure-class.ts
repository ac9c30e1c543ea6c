/**
 * Who is to blame for an attempt that did not end in a reward. Docs: docs/architecture.md, "Failure classes".
 * `config` and `cancelled` are never retried by the planner's own accord; every other class is, within the budget.
 */
export const FAILURE_CLASSES = [
  "sandbox",
  "tool",
  "model",
  "grader",
  "config",
  "internal",
  "cancelled",
] as const;

/** One of {@link FAILURE_CLASSES}. */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Whether a text from outside is a failure class. */
export function isFailureClass(text: string): text is FailureClass {
  return (FAILURE_CLASSES as readonly string[]).includes(text);
}
