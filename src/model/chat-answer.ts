import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { AssistantMessage, ChatToolCall, TokenUsage } from "./port.ts";
import {
  countField,
  idField,
  labelField,
  numbersField,
  objectField,
  objectsField,
  textField,
  tokenIdsField,
} from "./read-fields.ts";
import type { ParsedAnswer } from "./try-outcome.ts";

/**
 * Reads a chat completion; null when the body is none (no choice, no message).
 * `turn` makes ids for tool calls that came without one.
 * Token ids are vLLM's (`return_token_ids`): choices[0].token_ids, prompt_token_ids.
 */
export function readChatAnswer(body: unknown, turn: number): ParsedAnswer | null {
  if (!isJsonObject(body)) return null;
  const [choice] = objectsField(body, "choices");
  const message = choice === undefined ? undefined : objectField(choice, "message");
  if (choice === undefined || message === undefined) return null;
  const read = assistantMessage(message, turn);
  return {
    message: read,
    finishReason: labelField(choice, "finish_reason") ?? (read.tool_calls ? "tool_calls" : "stop"),
    usage: readUsage(objectField(body, "usage")),
    policyVersion: policyVersion(body),
    promptTokenIds: tokenIdsField(body, "prompt_token_ids"),
    tokenIds: tokenIdsField(choice, "token_ids"),
    logprobs: tokenLogprobs(objectsField(objectField(choice, "logprobs") ?? {}, "content")),
  };
}

/** What the endpoint says of the policy that answered: `model`, then `@system_fingerprint` if there is one. */
export function policyVersion(body: JsonObject): string {
  return [labelField(body, "model"), labelField(body, "system_fingerprint")]
    .filter((part) => part !== undefined && part !== "")
    .join("@");
}

/** The `logprob` of each token; empty unless every token has one. */
export function tokenLogprobs(tokens: readonly JsonObject[]): readonly number[] {
  return numbersField({ logprobs: tokens.map((token) => token["logprob"] ?? null) }, "logprobs");
}

function assistantMessage(message: JsonObject, turn: number): AssistantMessage {
  const calls = readCalls(objectsField(message, "tool_calls"), turn);
  const refusal = textField(message, "refusal");
  const reasoning = textField(message, "reasoning_content") ?? textField(message, "reasoning");
  return {
    role: "assistant",
    content: contentText(message["content"]),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(reasoning === undefined || reasoning === "" ? {} : { reasoning_content: reasoning }),
  };
}

/** Some endpoints answer with content parts where OpenAI's has a text. */
function contentText(content: JsonValue | undefined): string | null {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return null;
  return content
    .filter(isJsonObject)
    .map((part) => textField(part, "text") ?? "")
    .join("");
}

function readCalls(calls: readonly JsonObject[], turn: number): readonly ChatToolCall[] {
  const taken = new Set<string>();
  return calls.map((call, index) => {
    const said = idField(call, "id");
    const id = said === undefined || taken.has(said) ? `call_${turn}_${index}` : said;
    taken.add(id);
    const called = objectField(call, "function") ?? {};
    return {
      id,
      type: "function",
      function: { name: labelField(called, "name") ?? "", arguments: argumentsText(called["arguments"]) },
    };
  });
}

/** Arguments are a text by contract; an object is taken as its JSON, an absence as no arguments. */
function argumentsText(value: JsonValue | undefined): string {
  if (typeof value === "string") return value === "" ? "{}" : value;
  return value === undefined || value === null ? "{}" : JSON.stringify(value);
}

function readUsage(usage: JsonObject | undefined): TokenUsage | null {
  if (usage === undefined) return null;
  return {
    promptTokens: countField(usage, "prompt_tokens"),
    completionTokens: countField(usage, "completion_tokens"),
    cachedTokens: countField(objectField(usage, "prompt_tokens_details"), "cached_tokens"),
    reasoningTokens: countField(objectField(usage, "completion_tokens_details"), "reasoning_tokens"),
  };
}
