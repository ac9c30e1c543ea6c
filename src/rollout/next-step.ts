import type { ChatToolCall } from "../model/port.ts";
import { consumedAgentMs } from "./agent-time.ts";
import type { AttemptState, CallState, TurnState } from "./state.ts";
import type { StopReason } from "./stop-reason.ts";

/** What bounds one rollout's agent; fields of the Environment's `limits`. */
export interface AgentLimits {
  readonly maxTurns: number;
  readonly maxToolCalls: number;
  readonly agentSeconds: number;
}

/** What an agent does next. */
export type NextStep =
  /** Call the model; give up after `remainingMs` of model time. */
  | { readonly kind: "sample"; readonly remainingMs: number }
  /** The last turn asks for these calls; none of them is on record yet. */
  | { readonly kind: "record_calls"; readonly requested: readonly ChatToolCall[] }
  /** Run these recorded calls, in parallel. */
  | { readonly kind: "run_calls"; readonly calls: readonly CallState[]; readonly remainingMs: number }
  | { readonly kind: "stop"; readonly reason: StopReason };

/** Decides the agent's next step from what is on record alone. */
export function nextStep(attempt: AttemptState, limits: AgentLimits): NextStep {
  const remainingMs = limits.agentSeconds * 1000 - consumedAgentMs(attempt.turns);
  const last = attempt.turns.at(-1);
  if (last === undefined) return { kind: "sample", remainingMs };
  const ending = stopOf(last);
  if (ending !== null) return { kind: "stop", reason: ending };
  if (last.calls.length === 0) return recordCalls(attempt, last, limits);
  if (remainingMs <= 0) return { kind: "stop", reason: "agent_deadline" };
  const open = last.calls.filter((call) => call.returned === null);
  if (open.length > 0) return { kind: "run_calls", calls: open, remainingMs };
  if (attempt.turns.length >= limits.maxTurns) return { kind: "stop", reason: "max_turns" };
  return { kind: "sample", remainingMs };
}

function recordCalls(attempt: AttemptState, last: TurnState, limits: AgentLimits): NextStep {
  const requested = last.message.tool_calls ?? [];
  const earlier = attempt.turns.reduce((sum, turn) => sum + turn.calls.length, 0);
  if (earlier + requested.length > limits.maxToolCalls) return { kind: "stop", reason: "max_tool_calls" };
  return { kind: "record_calls", requested };
}

/** Whether a turn ends the agent by what the model said; null when it asks for tools. */
function stopOf(turn: TurnState): StopReason | null {
  if (typeof turn.message.refusal === "string" && turn.message.refusal !== "") return "refused";
  if (turn.finishReason === "content_filter") return "content_filter";
  // A turn that was cut off may hold half a tool call: it is never run.
  if (turn.finishReason === "length") return "max_tokens";
  return (turn.message.tool_calls ?? []).length > 0 ? null : "answered";
}
