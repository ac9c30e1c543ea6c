import { printable } from "./plain-text.ts";
import { number } from "./report-sections.ts";
import type { ResultRecord } from "./result-record.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** One rollout with everything on record. */
export interface RolloutRecords {
  readonly result: ResultRecord;
  /** Null when the attempt never began. */
  readonly trajectory: TrajectoryRecord | null;
  readonly failedAttempts: readonly ResultRecord[];
}

/** A rollout as text for a terminal. Everything that a model or a sandbox wrote has its control characters escaped. */
export function shownRollout({ result, trajectory, failedAttempts }: RolloutRecords): string {
  return [
    ...headLines(result),
    ...failedAttempts.map(attemptLine),
    "",
    ...(trajectory === null ? ["The attempt never began: there is no trajectory."] : bodyLines(trajectory)),
    "",
    ...gradeLines(result),
    "",
  ].join("\n");
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
  ];
}

function attemptLine(attempt: ResultRecord): string {
  const { failure_class, failure_code, failure_reason, evidence } = attempt;
  const facts = Object.entries(evidence).map(([key, value]) => `${key}=${value}`);
  const text = `attempt ${attempt.attempt} failed: ${failure_class}/${failure_code}  ${failure_reason}  ${facts.join(" ")}`;
  return printable(text).trimEnd();
}

function bodyLines({ messages, calls }: TrajectoryRecord): readonly string[] {
  let next = 0;
  return messages.flatMap((message) => {
    const call = message.role === "tool" ? calls[next] : undefined;
    if (message.role === "tool") next += 1;
    const timing = call === undefined ? "" : `  ${callFacts(call)}`;
    return [`── ${message.role}${timing}`, ...contentLines(message), ...requestLines(message)];
  });
}

function callFacts(call: TrajectoryRecord["calls"][number]): string {
  const seconds = call.seconds === null ? "" : `  ${call.seconds.toFixed(3)} s`;
  const exit = call.exit_code === null ? "" : `  exit code ${call.exit_code}`;
  return `${printable(call.name)}  ${call.result}${exit}${seconds}${call.timed_out ? "  timed out" : ""}`;
}

function contentLines(message: Readonly<Record<string, unknown>>): readonly string[] {
  const { content } = message;
  if (content === null || content === undefined || content === "") return [];
  return printable(typeof content === "string" ? content : JSON.stringify(content)).split("\n");
}

function requestLines(message: Readonly<Record<string, unknown>>): readonly string[] {
  const calls = message["tool_calls"];
  if (!Array.isArray(calls)) return [];
  return calls.map((call: unknown) => {
    const { function: asked } = call as {
      readonly function?: { readonly name?: string; readonly arguments?: string };
    };
    return printable(`→ ${asked?.name ?? "?"}(${asked?.arguments ?? ""})`);
  });
}

function gradeLines(result: ResultRecord): readonly string[] {
  if (result.outcome === "failed") {
    const facts = Object.entries(result.evidence).map(([key, value]) => `  ${key}: ${value}`);
    const line = `no reward: ${result.failure_class}/${result.failure_code}  ${result.failure_reason}`;
    return [line, ...facts].map(printable);
  }
  const parts = Object.entries(result.sub_rewards).map(
    ([name, value]) => `  ${printable(name)}: ${number(value)}`,
  );
  const flags = result.flags.length === 0 ? [] : [`  flags: ${printable(result.flags.join(", "))}`];
  return [`reward ${number(result.reward)}${result.passed === true ? "  passed" : ""}`, ...parts, ...flags];
}
