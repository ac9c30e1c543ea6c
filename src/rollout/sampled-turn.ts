import { create } from "@bufbuild/protobuf";
import { StoredTokensSchema, TurnSampledSchema, UsageSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { StoredTokens } from "../gen/rollyard/v1/events_pb.ts";
import type { HistoryMessage, ModelAnswer } from "../model/port.ts";
import type { newEvent } from "./events.ts";
import { textOf } from "./inline-text.ts";
import type { AttemptState, TurnState } from "./state.ts";

type EventInit = Parameters<typeof newEvent>[1];

/** `turn.sampled` of a model's answer. */
export function sampledTurn(turn: number, answer: ModelAnswer): Extract<EventInit, { case: "turnSampled" }> {
  const tokens = storedTokens(answer);
  const { nativeItemsJson, usage } = answer;
  const value = create(TurnSampledSchema, {
    turn,
    messageJson: textOf(JSON.stringify(answer.message)),
    finishReason: answer.finishReason,
    ...(usage === null ? {} : { usage: create(UsageSchema, usage) }),
    policyVersion: answer.policyVersion,
    startedAtMs: answer.startedAtMs,
    modelMs: answer.modelMs,
    waitedMs: answer.waitedMs,
    ...(tokens === null ? {} : { tokens }),
    ...(nativeItemsJson === undefined ? {} : { nativeItemsJson: textOf(nativeItemsJson) }),
  });
  return { case: "turnSampled", value };
}

function storedTokens(answer: ModelAnswer): StoredTokens | null {
  const { promptTokenIds, tokenIds, logprobs } = answer;
  if (promptTokenIds.length + tokenIds.length + logprobs.length === 0) return null;
  const inline = { promptTokenIds: [...promptTokenIds], tokenIds: [...tokenIds], logprobs: [...logprobs] };
  return create(StoredTokensSchema, { place: { case: "inline", value: inline } });
}

/** What the model is sent next: the prompt, then each turn's message and its tools' answers. */
export function historyOf(attempt: Pick<AttemptState, "prompt" | "turns">): readonly HistoryMessage[] {
  return [...attempt.prompt.map((message) => ({ message })), ...attempt.turns.flatMap(messagesOfTurn)];
}

function messagesOfTurn(turn: TurnState): readonly HistoryMessage[] {
  const { message, nativeItemsJson } = turn;
  const answers = turn.calls.flatMap((call): HistoryMessage[] =>
    call.returned === null
      ? []
      : [{ message: { role: "tool", tool_call_id: call.callId, content: call.returned.output } }],
  );
  return [nativeItemsJson === null ? { message } : { message, nativeItemsJson }, ...answers];
}
