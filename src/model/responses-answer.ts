import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import { policyVersion, tokenLogprobs } from "./chat-answer.ts";
import type { AssistantMessage, ChatToolCall, TokenUsage } from "./port.ts";
import {
  countField,
  idField,
  labelField,
  objectField,
  objectsField,
  textField,
  tokenIdsField,
} from "./read-fields.ts";
import type { ParsedAnswer } from "./try-outcome.ts";

/**
 * Reads a response of the Responses API into a chat message; null when the body is none.
 * The output items are kept as they came, to be sent back with the next turn.
 */
export function readResponsesAnswer(body: unknown, turn: number): ParsedAnswer | null {
  if (!isJsonObject(body) || !Array.isArray(body["output"])) return null;
  const items = objectsField(body, "output");
  const message = assistantMessage(items, turn);
  const finishReason = finishReasonOf(body, message);
  if (finishReason === null) return null;
  return {
    message,
    finishReason,
    usage: readUsage(objectField(body, "usage")),
    policyVersion: policyVersion(body),
    promptTokenIds: tokenIdsField(body, "prompt_token_ids"),
    tokenIds: tokenIdsField(body, "token_ids"),
    logprobs: tokenLogprobs(messageParts(items).flatMap((part) => objectsField(part, "logprobs"))),
    nativeItemsJson: JSON.stringify(items),
  };
}

/** Chat's word for how the response ended; null for one that is not complete yet or has failed. */
function finishReasonOf(body: JsonObject, message: AssistantMessage): string | null {
  const status = textField(body, "status") ?? "completed";
  if (status === "completed") return message.tool_calls === undefined ? "stop" : "tool_calls";
  if (status !== "incomplete") return null;
  const reason = labelField(objectField(body, "incomplete_details") ?? {}, "reason") ?? "length";
  return reason === "max_output_tokens" ? "length" : reason;
}

function messageParts(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.filter((item) => item["type"] === "message").flatMap((item) => objectsField(item, "content"));
}

function assistantMessage(items: readonly JsonObject[], turn: number): AssistantMessage {
  const parts = messageParts(items);
  const texts = parts.flatMap((part) => textField(part, "text") ?? []);
  const refusal = parts.flatMap((part) => textField(part, "refusal") ?? []).join("");
  const calls = items
    .filter((item) => item["type"] === "function_call")
    .map((item, index) => toolCall(item, `call_${turn}_${index}`));
  const reasoning = items.flatMap(reasoningTexts).join("\n");
  return {
    role: "assistant",
    content: texts.length === 0 ? null : texts.join(""),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(refusal === "" ? {} : { refusal }),
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
  };
}

/** A reasoning item's own text where the endpoint shows it, else its summary. */
function reasoningTexts(item: JsonObject): readonly string[] {
  if (item["type"] !== "reasoning") return [];
  const content = objectsField(item, "content");
  const shown = content.length > 0 ? content : objectsField(item, "summary");
  return shown.flatMap((part) => textField(part, "text") ?? []);
}

function toolCall(item: JsonObject, fallbackId: string): ChatToolCall {
  return {
    id: idField(item, "call_id") ?? fallbackId,
    type: "function",
    function: {
      name: labelField(item, "name") ?? "",
      arguments: textField(item, "arguments") || "{}",
    },
  };
}

function readUsage(usage: JsonObject | undefined): TokenUsage | null {
  if (usage === undefined) return null;
  return {
    promptTokens: countField(usage, "input_tokens"),
    completionTokens: countField(usage, "output_tokens"),
    cachedTokens: countField(objectField(usage, "input_tokens_details"), "cached_tokens"),
    reasoningTokens: countField(objectField(usage, "output_tokens_details"), "reasoning_tokens"),
  };
}
