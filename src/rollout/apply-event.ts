import { isErrorCode } from "../errors/codes.ts";
import { isFailureClass } from "../errors/failure-class.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type {
  RolloutStarted,
  ToolCalled,
  ToolFailed,
  ToolReturned,
  TurnSampled,
} from "../gen/rollyard/v1/events_pb.ts";
import { assertNever } from "../lib/assert-never.ts";
import { isJsonObject } from "../lib/json.ts";
import type { AssistantMessage, ChatMessage } from "../model/port.ts";
import { isStopReason } from "./stop-reason.ts";
import { eventName } from "./events.ts";
import type { EventKind, RolloutEvent } from "./events.ts";
import { inlineJson, inlineText } from "./inline-text.ts";
import { withLease, withReplayedTurn } from "./leased-sandboxes.ts";
import type { AttemptState, CallReturn, CallState, FailureRecord, Seal, TurnState } from "./state.ts";

/**
 * The next state of an attempt after one event. Pure; the driver and every reader use the same function.
 * `sequence` is the stream sequence of the event's message, 0 while it is not stored yet.
 * Throws `log_corrupt` for an event that is illegal here.
 */
export function applyEvent(attempt: AttemptState, event: RolloutEvent, sequence: number): AttemptState {
  const { kind, atMs } = event;
  if (attempt.seal !== null && kind.case !== "gradeAnswered") throw illegal(kind.case, "after the seal");
  if (isOneOf(kind, SEALING_KINDS)) return { ...attempt, seal: sealOf(kind, atMs), ...hostedEnd(kind) };
  if (isOneOf(kind, AGENT_KINDS)) return applyAgentEvent(attempt, kind, atMs);
  if (isOneOf(kind, HOLD_KINDS)) return applyHoldEvent(attempt, kind, sequence);
  if (kind.case === "gradeAnswered") return attempt;
  throw illegal(kind.case, "inside an attempt");
}

const SEALING_KINDS = ["rolloutStopped", "attemptFailed", "rolloutCancelled"] as const;
const AGENT_KINDS = ["turnSampled", "toolCalled", "toolReturned", "toolFailed"] as const;
const HOLD_KINDS = ["driverAttached", "driverDetached", "sandboxLeased", "sandboxReplayed"] as const;

type Kind = RolloutEvent["kind"];
type SealingKind = Extract<Kind, { case: (typeof SEALING_KINDS)[number] }>;
type AgentKind = Extract<Kind, { case: (typeof AGENT_KINDS)[number] }>;
type HoldKind = Extract<Kind, { case: (typeof HOLD_KINDS)[number] }>;

function isOneOf<const C extends string>(
  kind: Kind,
  cases: readonly C[],
): kind is Extract<Kind, { case: C }> {
  return (cases as readonly (string | undefined)[]).includes(kind.case);
}

/** What the agent did. */
function applyAgentEvent(attempt: AttemptState, kind: AgentKind, atMs: number): AttemptState {
  switch (kind.case) {
    case "turnSampled":
      return { ...attempt, attachesSinceTurn: 0, turns: [...attempt.turns, turnOf(kind.value, attempt)] };
    case "toolCalled":
      return withTurn(attempt, attempt.turns.length - 1, (turn) => addCall(turn, kind.value, atMs));
    case "toolReturned":
      return withTurn(attempt, kind.value.turn, (turn) => endCall(turn, kind.value));
    case "toolFailed":
      return withTurn(attempt, kind.value.turn, (turn) => failTry(turn, kind.value));
    default:
      return assertNever(kind);
  }
}

/** Who holds the attempt and its sandbox. */
function applyHoldEvent(attempt: AttemptState, kind: HoldKind, sequence: number): AttemptState {
  switch (kind.case) {
    case "driverAttached":
      return {
        ...attempt,
        driver: { id: kind.value.driver, nonce: kind.value.nonce, epoch: sequence },
        attachesSinceTurn: attempt.attachesSinceTurn + 1,
      };
    case "driverDetached":
      // A driver that could still say goodbye was not ended by this rollout.
      return {
        ...attempt,
        driver: null,
        attachesSinceTurn: Math.max(0, attempt.attachesSinceTurn - 1),
      };
    case "sandboxLeased":
      return withLease(attempt, kind.value);
    case "sandboxReplayed": {
      const after = withReplayedTurn(attempt, kind.value);
      if (after === null) throw illegal(kind.case, "out of order");
      return after;
    }
    default:
      return assertNever(kind);
  }
}

/** The state that `rollout.started` opens. */
export function openAttempt(started: RolloutStarted, atMs: number): AttemptState {
  const item = inlineJson(started.itemJson);
  const prompt = inlineJson(started.messagesJson);
  if (!isJsonObject(item) || !Array.isArray(prompt))
    throw illegal("rolloutStarted", "without item or messages");
  return {
    rolloutId: started.rolloutId,
    traceId: started.traceId,
    attempt: started.attempt,
    itemIndex: started.itemIndex,
    sampleIndex: started.sampleIndex,
    specHash: started.specHash,
    item,
    prompt: prompt as readonly unknown[] as readonly ChatMessage[],
    policyVersion: started.policyVersion,
    startedAtMs: atMs,
    dispatchedAtMs: started.dispatchedAtMs,
    driver: null,
    attachesSinceTurn: 0,
    sandboxes: [],
    replay: null,
    turns: [],
    seal: null,
  };
}

function turnOf(sampled: TurnSampled, attempt: AttemptState): TurnState {
  if (sampled.turn !== attempt.turns.length) throw illegal("turnSampled", "out of order");
  const native = inlineText(sampled.nativeItemsJson);
  return {
    turn: sampled.turn,
    message: inlineJson(sampled.messageJson) as unknown as AssistantMessage,
    nativeItemsJson: native === "" ? null : native,
    finishReason: sampled.finishReason,
    usage: sampled.usage ?? null,
    policyVersion: sampled.policyVersion,
    startedAtMs: sampled.startedAtMs,
    modelMs: sampled.modelMs,
    waitedMs: sampled.waitedMs,
    ...tokensOf(sampled),
    calls: [],
  };
}

function tokensOf(sampled: TurnSampled): Pick<TurnState, "promptTokenIds" | "tokenIds" | "logprobs"> {
  const place = sampled.tokens?.place;
  if (place === undefined || place.case === undefined)
    return { promptTokenIds: [], tokenIds: [], logprobs: [] };
  if (place.case === "blob") throw illegal("turnSampled", "with tokens that were not fetched");
  const { promptTokenIds, tokenIds, logprobs } = place.value;
  return { promptTokenIds, tokenIds, logprobs };
}

function withTurn(
  attempt: AttemptState,
  number: number,
  change: (turn: TurnState) => TurnState,
): AttemptState {
  const turn = attempt.turns[number];
  if (turn === undefined) throw illegal("toolCalled", "without its turn");
  return { ...attempt, turns: attempt.turns.with(number, change(turn)) };
}

function addCall(turn: TurnState, called: ToolCalled, atMs: number): TurnState {
  if (called.turn !== turn.turn || called.index !== turn.calls.length)
    throw illegal("toolCalled", "out of order");
  const call: CallState = {
    turn: called.turn,
    index: called.index,
    callId: called.callId,
    name: called.name,
    argumentsJson: inlineText(called.argumentsJson),
    calledAtMs: atMs,
    returned: null,
  };
  return { ...turn, message: askingFor(turn.message, call), calls: [...turn.calls, call] };
}

/** A hosted trainer's calls come one by one: those that run beside each other are of one turn, which learns of them as they come. */
function askingFor(message: AssistantMessage, { callId, name, argumentsJson }: CallState): AssistantMessage {
  const asked = message.tool_calls ?? [];
  if (asked.some(({ id }) => id === callId)) return message;
  const call = { id: callId, type: "function", function: { name, arguments: argumentsJson } } as const;
  return { ...message, tool_calls: [...asked, call] };
}

/** A try of a call that infrastructure lost. A self-driven rollout's is followed by the attempt's end. */
function failTry(turn: TurnState, failed: ToolFailed): TurnState {
  const call = turn.calls[failed.index];
  if (call === undefined) throw illegal("toolFailed", "without its call");
  const failedTries = (call.failedTries ?? 0) + 1;
  const { failureClass, code } = failureOf({ ...failed, cause: "", evidence: {} });
  const lost = { ...call, failedTries, lostTo: { failureClass, code } };
  return { ...turn, calls: turn.calls.with(failed.index, lost) };
}

function endCall(turn: TurnState, returned: ToolReturned): TurnState {
  const call = turn.calls[returned.index];
  if (call === undefined) throw illegal("toolReturned", "without its call");
  // A takeover may record an answer that its predecessor's lost append had stored: the first one stands.
  if (call.returned !== null) return turn;
  return { ...turn, calls: turn.calls.with(returned.index, { ...call, returned: returnOf(returned) }) };
}

function returnOf(returned: ToolReturned): CallReturn {
  const { result } = returned;
  return {
    output: inlineText(returned.output),
    result: result === "ok" || result === "rejected" ? result : "failed",
    exitCode: returned.exitCode ?? null,
    startedAtMs: returned.startedAtMs,
    durationMs: returned.durationMs,
    timedOut: returned.timedOut,
    outOfMemory: returned.outOfMemory,
    truncatedBytes: Number(returned.truncatedBytes),
    replayed: returned.replayed,
  };
}

/** The seal that an event sets; null of any other event. Throws `log_corrupt` for a reason that is none. */
export function sealOfEvent({ kind, atMs }: RolloutEvent): Seal | null {
  return isOneOf(kind, SEALING_KINDS) ? sealOf(kind, atMs) : null;
}

/** What a hosted trainer said in its grade request; nothing of a rollout that we drove. */
function hostedEnd(kind: SealingKind): Pick<AttemptState, "hosted"> & Partial<Pick<AttemptState, "item">> {
  if (kind.case !== "rolloutStopped" || kind.value.sampleJson === undefined) return {};
  const sample = inlineJson(kind.value.sampleJson);
  const item = inlineJson(kind.value.itemJson);
  if (!isJsonObject(sample) || !isJsonObject(item)) throw illegal(kind.case, "without sample or item");
  return { hosted: { sample, item }, item };
}

function sealOf(kind: SealingKind, atMs: number): Seal {
  switch (kind.case) {
    case "rolloutStopped": {
      if (!isStopReason(kind.value.reason)) throw illegal(kind.case, "with an unknown reason");
      return { kind: "stopped", reason: kind.value.reason, evidence: kind.value.evidence, atMs };
    }
    case "attemptFailed":
      return { kind: "failed", failure: failureOf(kind.value), atMs };
    case "rolloutCancelled": {
      const { code } = kind.value;
      return { kind: "cancelled", code: isErrorCode(code) ? code : "internal", atMs };
    }
    default:
      return assertNever(kind);
  }
}

/** Reads a failure from the wire; what this version does not know is `internal`. */
export function failureOf(record: {
  readonly failureClass: string;
  readonly code: string;
  readonly cause: string;
  readonly evidence: Readonly<Record<string, string>>;
}): FailureRecord {
  return {
    failureClass: isFailureClass(record.failureClass) ? record.failureClass : "internal",
    code: isErrorCode(record.code) ? record.code : "internal",
    cause: record.cause,
    evidence: record.evidence,
  };
}

function illegal(kind: EventKind | undefined, where: string): RollyardError {
  const event = kind === undefined ? "unknown" : eventName(kind);
  return new RollyardError("log_corrupt", { details: { event, where } });
}
