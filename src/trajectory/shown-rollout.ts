import { printable } from "./plain-text.ts";
import type { ResultRecord } from "./result-record.ts";
import { shownConversation } from "./shown-conversation.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** One rollout with everything on record. */
export interface RolloutRecords {
  readonly result: ResultRecord;
  /** Null when the attempt never began, or its log does not fold. */
  readonly trajectory: TrajectoryRecord | null;
  readonly failedAttempts: readonly ResultRecord[];
}

/**
 * A rollout as text for a terminal. What a model or a sandbox wrote is indented, so that it can't pass for a line of
 * ours, and has its control characters escaped.
 */
export function shownRollout({ result, trajectory, failedAttempts }: RolloutRecords): string {
  const earlier = failedAttempts.filter(({ attempt }) => attempt < result.attempt);
  const parts = [
    headLines(result),
    earlier.flatMap(failureLines),
    trajectory === null
      ? ["There is no trajectory: the attempt left no log that can be read."]
      : itemLines(trajectory),
    trajectory === null ? [] : shownConversation(trajectory),
    result.outcome === "failed" ? failureLines(result) : gradeLines(result),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function headLines(result: ResultRecord): readonly string[] {
  const { seconds, usage } = result;
  const tokens =
    usage === null
      ? "no usage reported"
      : `${usage.prompt_tokens} prompt, ${usage.completion_tokens} completion tokens`;
  const phases = Object.entries(seconds).map(([phase, value]) => `${phase} ${value.toFixed(3)} s`);
  return [
    `rollout ${result.rollout}  item ${result.item_index}  sample ${result.sample_index}  attempt ${result.attempt}  ${result.trace_id}`,
    `${result.outcome}  stop reason ${result.stop_reason ?? "–"}  ${result.turns} turns  ${result.tool_calls} tool calls  ${tokens}`,
    phases.join("  "),
  ].map(printable);
}

/** What the graders know beside the messages. */
function itemLines({ item }: TrajectoryRecord): readonly string[] {
  const rest = Object.entries(item).filter(([key]) => key !== "messages");
  if (rest.length === 0) return [];
  return [
    "── item",
    ...rest.map(([key, value]) => `  ${printable(key)}: ${printable(JSON.stringify(value))}`),
  ];
}

function failureLines(record: ResultRecord): readonly string[] {
  const { attempt, failure_class, failure_code, failure_reason, evidence } = record;
  const line = `attempt ${attempt} failed, no reward: ${failure_class}/${failure_code}  ${failure_reason}`;
  const facts = Object.entries(evidence).map(
    ([key, value]) => `  ${printable(key)}: ${printable(value).replaceAll("\n", "\n    ")}`,
  );
  return [printable(line).replaceAll("\n", "\n    "), ...facts];
}

function gradeLines(result: ResultRecord): readonly string[] {
  const { reward, passed, sub_rewards, flags, grader_usage: usage } = result;
  const parts = Object.entries(sub_rewards).map(([name, value]) => `  ${printable(name)}: ${value}`);
  const flagged = flags.length === 0 ? [] : [`  flags: ${printable(flags.join(", "))}`];
  const judged = Object.entries(usage).map(
    ([model, tokens]) =>
      `  judge ${printable(model)}: ${tokens.prompt_tokens} prompt, ${tokens.completion_tokens} completion tokens`,
  );
  return [`reward ${reward}  ${passed === true ? "passed" : "not passed"}`, ...parts, ...flagged, ...judged];
}
