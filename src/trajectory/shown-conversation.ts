import { z } from "zod";
import { printable } from "./plain-text.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

type Message = TrajectoryRecord["messages"][number];
type Turn = TrajectoryRecord["turns"][number];
type Call = TrajectoryRecord["calls"][number];

const requestSchema = z.object({
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const requestsSchema = z.array(z.unknown());

/**
 * The messages of a rollout: each turn's with its tokens and seconds, each output with its call. The prompt may hold
 * assistant messages and outputs of its own; they come first and are shown bare. Ids don't tell them apart: they are the
 * model's, and it may use one again.
 */
export function shownConversation({ messages, turns, calls }: TrajectoryRecord): readonly string[] {
  const spoken = messages.filter(isSpoken).length;
  let turn = turns.length - spoken - 1;
  let unseen: Call[] = [];
  return messages.flatMap((message, index) => {
    if (isSpoken(message)) {
      turn += 1;
      unseen = calls.filter((call) => call.turn === turn && call.result !== "lost");
    }
    const call = message.role === "tool" ? unseen.shift() : undefined;
    const sampled = isSpoken(message) ? turns[turn] : undefined;
    const head = call !== undefined ? callHead(call) : headOf(message, { turn, sampled });
    const isLastOfTurn = messages[index + 1]?.role !== "tool";
    const lost = calls.filter((each) => isLastOfTurn && each.turn === turn && each.result === "lost");
    return [head, ...contentLines(message), ...requestLines(message), ...lost.map(lostLine)];
  });
}

function isSpoken({ role }: Message): boolean {
  return role === "assistant";
}

function headOf(
  { role }: Message,
  { turn, sampled }: { readonly turn: number; readonly sampled: Turn | undefined },
): string {
  if (sampled === undefined) return `── ${printable(role)}`;
  const tokens = sampled.usage === null ? "" : `  ${sampled.usage.completion_tokens} tokens`;
  return `── assistant  turn ${turn}  ${sampled.model_seconds.toFixed(3)} s${tokens}  ${printable(sampled.finish_reason)}`;
}

function callHead(call: Call): string {
  return `── tool  ${callFacts(call)}`;
}

function lostLine(call: Call): string {
  return `── tool  ${callFacts(call)}: no output is on record`;
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
