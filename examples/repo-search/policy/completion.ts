import { createHash } from "node:crypto";
import type { ChatRequest } from "./chat-request.ts";
import { nextStep } from "./next-step.ts";
import type { NextStep } from "./next-step.ts";

/** The name that the policy serves under. */
export const POLICY_MODEL = "scripted-policy";

/** Changes when the same messages and seed would be answered otherwise. */
const POLICY_VERSION = "scripted-policy-1";

/** The part of OpenAI's chat completion object that the policy fills. */
export interface ChatCompletion {
  readonly id: string;
  readonly object: "chat.completion";
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
  readonly choices: readonly [
    {
      readonly index: 0;
      readonly message: CompletionMessage;
      readonly logprobs: null;
      readonly finish_reason: "stop" | "tool_calls";
    },
  ];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

interface CompletionMessage {
  readonly role: "assistant";
  readonly content: string | null;
  readonly refusal: null;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: "function";
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
}

/** About what tokenizers make of English and code; there is no tokenizer here, so usage is an estimate. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * Answers a request. Everything but `created` follows from the request alone.
 * https://platform.openai.com/docs/api-reference/chat/object
 */
export function completeChat(request: ChatRequest, nowMs: number): ChatCompletion {
  const name = createHash("sha256").update(JSON.stringify(request)).digest("hex").slice(0, 24);
  const step = nextStep(request);
  const message = messageOf(step, name);
  const promptTokens = tokens(request.promptLength);
  const completionTokens = tokens(JSON.stringify(message.tool_calls ?? message.content).length);
  return {
    id: `chatcmpl-${name}`,
    object: "chat.completion",
    created: Math.floor(nowMs / 1000),
    model: request.model,
    system_fingerprint: POLICY_VERSION,
    choices: [
      { index: 0, message, logprobs: null, finish_reason: step.kind === "call" ? "tool_calls" : "stop" },
    ],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

function messageOf(step: NextStep, name: string): CompletionMessage {
  if (step.kind === "answer") return { role: "assistant", content: step.text, refusal: null };
  const calls = step.calls.map((call, index) => ({
    id: `call_${name}_${index}`,
    type: "function" as const,
    function: { name: call.name, arguments: call.arguments },
  }));
  return { role: "assistant", content: null, refusal: null, tool_calls: calls };
}

function tokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
