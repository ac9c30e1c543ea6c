import { z } from "zod";
import { printable } from "./plain-text.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

type Message = TrajectoryRecord["messages"][number];
type Call = TrajectoryRecord["calls"][number];

const requestSchema = z.object({
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const requestsSchema = z.array(z.unknown());

/**
 * The messages of a rollout, a line for each tool call, and its output with what came of it. The prompt may hold
 * assistant messages and tool outputs of its own: only what has a record is shown as a turn or call of this rollout.
 */
export function shownConversation(trajectory: TrajectoryRecord): readonly string[] {
  const { messages, calls, turns } = trajectory;
  const callsById = new Map(calls.map((call) => [call.call_id, call]));
  const answered = new Set(messages.flatMap(({ tool_call_id: id }) => (typeof id === "string" ? id : [])));
  const spoken = messages.filter(({ role }) => role === "assistant").length;
  let turn = turns.length - spoken;
  const blocks = messages.map((message) => {
    const head = headOf(message, { trajectory, turn, call: callsById.get(String(message["tool_call_id"])) });
    if (message.role === "assistant") turn += 1;
    return [head, ...contentLines(message), ...requestLines(message)].join("\n");
  });
  const lost = calls
    .filter(({ call_id }) => !answered.has(call_id))
    .map((call) => `── tool  ${callFacts(call)}: no output is on record`);
  return [...blocks, ...lost];
}

function headOf(
  { role }: Message,
  place: { readonly trajectory: TrajectoryRecord; readonly turn: number; readonly call: Call | undefined },
): string {
  const { trajectory, turn, call } = place;
  if (role === "tool") return call === undefined ? "── tool" : `── tool  ${callFacts(call)}`;
  const sampled = role === "assistant" ? trajectory.turns[turn] : undefined;
  if (sampled === undefined) return `── ${printable(role)}`;
  const tokens = sampled.usage === null ? "" : `  ${sampled.usage.completion_tokens} tokens`;
  return `── assistant  turn ${turn}  ${sampled.model_seconds.toFixed(3)} s${tokens}  ${printable(sampled.finish_reason)}`;
}

function callFacts(call: Call): string {
  const seconds = call.seconds === null ? "" : `  ${call.seconds.toFixed(3)} s`;
  const exit = call.exit_code === null ? "" : `  exit code ${call.exit_code}`;
  const name = printable(call.name).replaceAll("\n", " ");
  return `${name}  ${call.result}${exit}${seconds}${call.timed_out ? "  timed out" : ""}`;
}

function contentLines({ content }: Message): readonly string[] {
  if (content === null || content === undefined || content === "") return [];
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return indented(text.replace(/\n$/u, ""));
}

function requestLines(message: Message): readonly string[] {
  const asked = requestsSchema.safeParse(message["tool_calls"]);
  return (asked.data ?? []).flatMap((each) => {
    const request = requestSchema.safeParse(each);
    if (!request.success) return indented(`→ ${JSON.stringify(each)}`);
    const { name, arguments: given } = request.data.function;
    return indented(`→ ${name}(${given})`);
  });
}

function indented(text: string): readonly string[] {
  return printable(text)
    .split("\n")
    .map((line) => `  ${line}`);
}
