/** A tool call that the mock model makes; arguments are sent as they are, malformed or not. */
export interface MockCall {
  readonly name: string;
  readonly arguments: string;
  readonly id?: string;
}

/** What the mock model says. */
export interface MockAnswer {
  readonly content?: string | null;
  readonly calls?: readonly MockCall[];
  readonly finishReason?: string;
  /** Merged over the choice of a chat completion. */
  readonly choice?: Readonly<Record<string, unknown>>;
  /** Merged over the message of a chat completion. */
  readonly message?: Readonly<Record<string, unknown>>;
  /** Merged over the whole body. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A chat completion as OpenAI's API and vLLM send it. */
export function chatBody(answer: MockAnswer): Buffer {
  const calls = (answer.calls ?? []).map((call, index) => ({
    id: call.id ?? `call_${index}`,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: "assistant",
    content: answer.content ?? null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...answer.message,
  };
  const finishReason = answer.finishReason ?? (calls.length === 0 ? "stop" : "tool_calls");
  return json({
    id: "chatcmpl-mock",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "mock-1",
    system_fingerprint: "fp_mock",
    choices: [{ index: 0, finish_reason: finishReason, message, ...answer.choice }],
    usage: {
      prompt_tokens: 120,
      completion_tokens: 30,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 64 },
      completion_tokens_details: { reasoning_tokens: 8 },
    },
    ...answer.body,
  });
}

/** A response of the Responses API. */
export function responsesBody(answer: MockAnswer): Buffer {
  const message = {
    id: "msg_mock",
    type: "message",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text: answer.content, annotations: [] }],
  };
  const calls = (answer.calls ?? []).map((call, index) => ({
    id: `fc_${index}`,
    type: "function_call",
    status: "completed",
    call_id: call.id ?? `call_${index}`,
    name: call.name,
    arguments: call.arguments,
  }));
  return json({
    id: "resp_mock",
    object: "response",
    status: "completed",
    model: "mock-1",
    output: [...(typeof answer.content === "string" ? [message] : []), ...calls],
    usage: {
      input_tokens: 120,
      output_tokens: 30,
      total_tokens: 150,
      input_tokens_details: { cached_tokens: 64 },
      output_tokens_details: { reasoning_tokens: 8 },
    },
    ...answer.body,
  });
}

/** The body of an OpenAI error. */
export function errorBody(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ error: fields });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
