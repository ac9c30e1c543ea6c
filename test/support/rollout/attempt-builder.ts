import type { AssistantMessage } from "../../../src/model/port.ts";
import type { AttemptState, CallReturn, CallState, TurnState } from "../../../src/rollout/state.ts";

/** An attempt that has just begun. */
export function anAttempt(changes: Partial<AttemptState> = {}): AttemptState {
  return {
    rolloutId: "0123456789ab-3-1",
    traceId: "trace_00000000-0000-8000-8000-000000000000",
    attempt: 0,
    itemIndex: 3,
    sampleIndex: 1,
    specHash: "0".repeat(64),
    item: { question: "what?" },
    prompt: [{ role: "user", content: "what?" }],
    policyVersion: "",
    startedAtMs: 1000,
    dispatchedAtMs: 900,
    driver: null,
    attachesSinceTurn: 0,
    sandboxes: [],
    replay: null,
    turns: [],
    seal: null,
    ...changes,
  };
}

/** A turn whose message asks for as many tool calls as `calls` has. */
export function aTurn(turn: number, changes: Partial<TurnState> = {}): TurnState {
  const calls = changes.calls ?? [];
  const asked = calls.map(({ callId, name, argumentsJson }) => ({
    id: callId,
    type: "function" as const,
    function: { name, arguments: argumentsJson },
  }));
  const message: AssistantMessage =
    calls.length === 0
      ? { role: "assistant", content: "done" }
      : { role: "assistant", content: null, tool_calls: asked };
  return {
    turn,
    message,
    nativeItemsJson: null,
    finishReason: calls.length === 0 ? "stop" : "tool_calls",
    usage: null,
    policyVersion: "",
    startedAtMs: 2000,
    modelMs: 100,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
    calls,
    ...changes,
  };
}

/** A recorded call, still running unless `returned` is given. */
export function aCall(turn: number, index: number, returned: CallReturn | null = null): CallState {
  return {
    turn,
    index,
    callId: `call_${turn}_${index}`,
    name: "search",
    argumentsJson: "{}",
    calledAtMs: 2100,
    returned,
  };
}

/** A call's good end. */
export function aReturn(startedAtMs: number, durationMs: number): CallReturn {
  return {
    output: "found",
    result: "ok",
    exitCode: 0,
    startedAtMs,
    durationMs,
    timedOut: false,
    outOfMemory: false,
    truncatedBytes: 0,
    replayed: false,
  };
}
