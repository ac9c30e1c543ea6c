import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ChatMessage } from "../model/port.ts";
import { newEvent } from "../rollout/events.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import { textOf } from "../rollout/inline-text.ts";
import { rolloutStarted } from "../rollout/rollout-started.ts";
import type { AttemptState, CallReturn, FailureRecord } from "../rollout/state.ts";
import type { TraceCall } from "./trace-state.ts";

/** `rollout.started` of a trace: its first event, which only one writer can store. */
export function startedEvent(
  ref: AttemptRef,
  atMs: number,
  { item, prompt }: { readonly item: JsonObject; readonly prompt: readonly ChatMessage[] },
): RolloutEvent {
  const started = rolloutStarted(ref, { item, prompt, policyVersion: "", dispatchedAtMs: atMs });
  return newEvent(atMs, started);
}

/** The turn that a call is the first of. The trainer ran the model: of its time and tokens nothing is known here. */
export function askedTurn(
  atMs: number,
  turn: number,
  { callId, name, argumentsJson }: TraceCall,
): RolloutEvent {
  const call = { id: callId, type: "function", function: { name, arguments: argumentsJson } };
  return hostedTurn(atMs, turn, {
    message: { role: "assistant", content: null, tool_calls: [call] },
    finishReason: "tool_calls",
  });
}

/** The last turn, as the trainer's sample has it. */
export function answeredTurn(atMs: number, turn: number, sample: JsonObject): RolloutEvent {
  const choice = firstOf(sample["choices"]);
  const given = objectOf(choice["message"]);
  const text = sample["output_text"];
  const content = typeof text === "string" ? text : given["content"];
  const message = {
    ...given,
    role: "assistant",
    content: typeof content === "string" ? content : null,
    // What it asked for is on record by the calls themselves.
    tool_calls: undefined,
  };
  const reason = choice["finish_reason"];
  return hostedTurn(atMs, turn, { message, finishReason: typeof reason === "string" ? reason : "stop" });
}

function hostedTurn(
  atMs: number,
  turn: number,
  { message, finishReason }: { readonly message: object; readonly finishReason: string },
): RolloutEvent {
  const value = { turn, messageJson: textOf(JSON.stringify(message)), finishReason, startedAtMs: atMs };
  return newEvent(atMs, { case: "turnSampled", value });
}

/** `tool.called`. */
export function calledEvent(
  atMs: number,
  place: { readonly turn: number; readonly index: number },
  { callId, name, argumentsJson }: TraceCall,
): RolloutEvent {
  const value = { ...place, callId, name, argumentsJson: textOf(argumentsJson) };
  return newEvent(atMs, { case: "toolCalled", value });
}

/** `tool.failed`: infrastructure lost a try of the call. */
export function failedTryEvent(
  atMs: number,
  { turn, index }: { readonly turn: number; readonly index: number },
  { failureClass, code }: FailureRecord,
): RolloutEvent {
  return newEvent(atMs, { case: "toolFailed", value: { turn, index, failureClass, code } });
}

/** `attempt.failed`: the trace is closed, and will have no score. */
export function failedEvent(atMs: number, failure: FailureRecord): RolloutEvent {
  return newEvent(atMs, { case: "attemptFailed", value: { ...failure, evidence: { ...failure.evidence } } });
}

/** `rollout.stopped` with what the trainer said in its grade request. */
export function stoppedEvent(
  atMs: number,
  { sample, item }: { readonly sample: JsonObject; readonly item: JsonObject },
): RolloutEvent {
  const value = {
    reason: "answered",
    sampleJson: textOf(JSON.stringify(sample)),
    itemJson: textOf(JSON.stringify(item)),
  };
  return newEvent(atMs, { case: "rolloutStopped", value });
}

/** The next turn of a trace. */
export function nextTurn(attempt: AttemptState | null): number {
  return attempt?.turns.length ?? 0;
}

/** What a model is told whose sandbox is gone by its own doing. */
export function killedReturn(atMs: number): CallReturn {
  return {
    output: "The sandbox has ended: a command of this rollout ended it. Nothing can be run in it any more.",
    result: "failed",
    exitCode: null,
    startedAtMs: atMs,
    durationMs: 0,
    timedOut: false,
    outOfMemory: false,
    truncatedBytes: 0,
    replayed: false,
  };
}

function firstOf(value: JsonObject[string]): JsonObject {
  return Array.isArray(value) ? objectOf(value[0] as JsonObject[string]) : {};
}

function objectOf(value: JsonObject[string]): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
