import type { AttemptState, CallState, TurnState } from "../../../src/rollout/state.ts";

/**
 * An attempt whose prompt brings an assistant's message, which called tools in two turns (repeated, rejected and lost
 * calls among them) and then answered.
 */
export function aStoppedAttempt(): AttemptState {
  return {
    rolloutId: "0123456789ab-3-1",
    traceId: "trace_3_1",
    attempt: 1,
    itemIndex: 3,
    sampleIndex: 1,
    specHash: "0".repeat(64),
    item: { question: "1 + 2?", answer: 3 },
    prompt: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hi! Ask me." },
      { role: "user", content: "1 + 2?" },
    ],
    policyVersion: "",
    startedAtMs: 1000,
    dispatchedAtMs: 900,
    driver: null,
    attachesSinceTurn: 0,
    sandboxes: [],
    replay: null,
    turns: [
      aTurn(0, [
        aCall(0, 0, '{"of": 1, "and": 2}', { startedAtMs: 2000, durationMs: 250 }),
        aCall(0, 1, '{"and": 2, "of": 1}', { startedAtMs: 2100, durationMs: 400 }),
        { ...aCall(0, 2, "not json", null), returned: null },
      ]),
      aTurn(1, [aCall(1, 0, "{}", { startedAtMs: 5000, durationMs: 0.5 })]),
      { ...aTurn(2, []), finishReason: "stop" },
    ],
    seal: { kind: "stopped", reason: "answered", evidence: {}, atMs: 9000 },
  };
}

type Returned = { readonly startedAtMs: number; readonly durationMs: number } | null;

function aCall(turn: number, index: number, argumentsJson: string, returned: Returned): CallState {
  return {
    turn,
    index,
    callId: `call_${turn}_${index}`,
    name: "add",
    argumentsJson,
    calledAtMs: 1500,
    returned: returned && {
      ...returned,
      output: "3",
      result: "ok",
      exitCode: 0,
      timedOut: false,
      outOfMemory: false,
      truncatedBytes: 0,
      replayed: false,
    },
  };
}

function aTurn(turn: number, calls: readonly CallState[]): TurnState {
  return {
    turn,
    message: {
      role: "assistant",
      content: calls.length === 0 ? '{"answer": 3}' : null,
      reasoning_content: "thinking",
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map(({ callId, name, argumentsJson }) => ({
              id: callId,
              type: "function",
              function: { name, arguments: argumentsJson },
            })),
          }),
    },
    nativeItemsJson: null,
    finishReason: "tool_calls",
    usage: { promptTokens: 10, completionTokens: 2, cachedTokens: 0, reasoningTokens: 0 },
    policyVersion: "",
    startedAtMs: 1000 * (turn + 1),
    modelMs: 500,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
    calls,
  };
}
