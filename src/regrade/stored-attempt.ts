import type { AssistantMessage } from "../model/port.ts";
import type { SampledMessage } from "../grader/sample-from-attempt.ts";
import type { FactsCall, FactsTurn } from "../grader/trajectory-facts.ts";
import type { AttemptState, Seal } from "../rollout/state.ts";
import { isStopReason } from "../rollout/stop-reason.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import type { TrajectoryRecord } from "../trajectory/trajectory-record.ts";

/** As much of a folded attempt as graders see, read back from a run folder's records. */
export interface StoredAttempt extends Pick<AttemptState, "seal"> {
  readonly turns: readonly (SampledMessage & FactsTurn)[];
}

/**
 * Reads an attempt back from its trajectory; `stopReason` is that of its result. The last messages of role assistant are
 * the turns': a prompt may bring messages of that role too.
 */
export function storedAttempt(
  trajectory: TrajectoryRecord,
  stopReason: ResultRecord["stop_reason"],
): StoredAttempt {
  const said = trajectory.messages.filter(({ role }) => role === "assistant");
  const messages = said.slice(said.length - trajectory.turns.length).map(assistantMessage);
  return {
    turns: trajectory.turns.map((turn, index) => ({
      message: messages[index] ?? { role: "assistant", content: null },
      finishReason: turn.finish_reason,
      usage: usageOf(turn),
      modelMs: turn.model_seconds * 1000,
      calls: callsOf(trajectory, index, messages[index]),
    })),
    seal: sealOf(stopReason),
  };
}

/** They were written from messages of this very type. */
function assistantMessage(message: TrajectoryRecord["messages"][number]): AssistantMessage {
  return message as unknown as AssistantMessage;
}

function usageOf({ usage }: TrajectoryRecord["turns"][number]): FactsTurn["usage"] {
  if (usage === null) return null;
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = usage;
  return { promptTokens, completionTokens, cachedTokens: 0, reasoningTokens: 0 };
}

function callsOf(
  trajectory: TrajectoryRecord,
  turn: number,
  message: AssistantMessage | undefined,
): readonly FactsCall[] {
  const outputs = new Map(trajectory.messages.flatMap(outputOf));
  const asked = new Map((message?.tool_calls ?? []).map((call) => [call.id, call.function.arguments]));
  return trajectory.calls
    .filter((call) => call.turn === turn)
    .map((call) => ({
      name: call.name,
      argumentsJson: asked.get(call.call_id) ?? "",
      returned: returnedOf(call, outputs.get(call.call_id) ?? ""),
    }));
}

/** What a message of role tool tells of its call. */
function outputOf(message: TrajectoryRecord["messages"][number]): readonly (readonly [string, string])[] {
  const { role, tool_call_id: callId, content } = message;
  return role === "tool" && typeof callId === "string" && typeof content === "string"
    ? [[callId, content]]
    : [];
}

function returnedOf(call: TrajectoryRecord["calls"][number], output: string): FactsCall["returned"] {
  const { result, started_at: startedAt, seconds } = call;
  if (result === "lost" || startedAt === null || seconds === null) return null;
  return { output, result, startedAtMs: Date.parse(startedAt), durationMs: seconds * 1000 };
}

function sealOf(reason: ResultRecord["stop_reason"]): Seal | null {
  if (reason === null || !isStopReason(reason)) return null;
  return { kind: "stopped", reason, evidence: {}, atMs: 0 };
}
