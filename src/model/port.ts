import type { JsonObject, JsonValue } from "../lib/json.ts";

/** A tool call as the model wrote it; arguments are unparsed text. */
export interface ChatToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** A message in chat form (OpenAI chat completions). */
export type ChatMessage =
  | { readonly role: "system" | "developer" | "user"; readonly content: JsonValue; readonly name?: string }
  | {
      readonly role: "assistant";
      readonly content: string | null;
      readonly tool_calls?: readonly ChatToolCall[];
      readonly refusal?: string | null;
      readonly reasoning_content?: string;
    }
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };

/** The assistant's variant of {@link ChatMessage}. */
export type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;

/** A message with what only the endpoint that made it understands. */
export interface HistoryMessage {
  readonly message: ChatMessage;
  /** Output items of the Responses API as a JSON array; sent back verbatim. */
  readonly nativeItemsJson?: string;
}

/** A tool as the model is told of it. */
export interface FunctionTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
}

/** Token counts as the server reports them. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
}

/** One model call. */
export interface SampleRequest {
  readonly history: readonly HistoryMessage[];
  readonly tools: readonly FunctionTool[];
  readonly responseFormat?: JsonObject;
  /** Added to `sampling.seed` when the job has one: item index × samples + sample. */
  readonly rolloutIndex: number;
  /** What is left of the agent's time; the call is given up after it. Rate-limit waits don't count. */
  readonly remainingMs: number;
  readonly signal?: AbortSignal;
}

/** A completed model call. */
export interface ModelAnswer {
  readonly kind: "answer";
  readonly message: AssistantMessage;
  /** The server's own word: stop, tool_calls, length, content_filter, … */
  readonly finishReason: string;
  readonly usage: TokenUsage | null;
  /** What the server says of the policy that answered (`model` or `system_fingerprint`); empty when nothing. */
  readonly policyVersion: string;
  readonly startedAtMs: number;
  /** Duration of the accepted request. */
  readonly modelMs: number;
  /** Time before it: waiting for a slot, for a rate limit, in tries that were refused. */
  readonly waitedMs: number;
  readonly promptTokenIds: readonly number[];
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
  readonly nativeItemsJson?: string;
}

/** What a model call comes to when it is neither an answer nor a failure: data that ends the agent. */
export type ModelStop = {
  readonly kind: "stopped";
  readonly reason: "context_length" | "content_filter" | "agent_deadline";
  readonly modelMs: number;
};

/**
 * A model behind an OpenAI-compatible endpoint. Rejects with class `model` after its retry budget,
 * and with class `config` at once (401, unknown model, bad request).
 */
export interface ModelClient {
  sample(request: SampleRequest): Promise<ModelAnswer | ModelStop>;
  /** Whether the endpoint throttles us now. */
  readonly throttled: boolean;
}
