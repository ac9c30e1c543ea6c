import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ModelSpec } from "../job/model-spec.ts";
import type { AssistantMessage, ChatMessage, ChatToolCall, FunctionTool, SampleRequest } from "./port.ts";

/** What of `spec.model` shapes a request's body. */
export type BodySpec = Pick<ModelSpec, "name" | "sampling" | "extraBody">;

/**
 * The body of `POST /chat/completions`. Sampling goes in under OpenAI's names, `extraBody` over everything as it is.
 * Wire format: https://platform.openai.com/docs/api-reference/chat/create
 */
export function chatRequestBody(spec: BodySpec, request: SampleRequest): Readonly<Record<string, unknown>> {
  const { seed, ...sampling } = spec.sampling;
  return {
    model: spec.name,
    messages: request.history.map(({ message }) => sendableMessage(message)),
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(chatTool) }),
    ...(request.responseFormat === undefined ? {} : { response_format: request.responseFormat }),
    ...sampling,
    ...(seed === undefined ? {} : { seed: seed + request.rolloutIndex }),
    ...spec.extraBody,
  };
}

/** The parameters of a tool without any: endpoints differ in whether they bear none at all. */
export const NO_PARAMETERS: JsonObject = { type: "object", properties: {} };

function chatTool(tool: FunctionTool): Readonly<Record<string, unknown>> {
  return { type: "function", function: { ...tool, parameters: tool.parameters ?? NO_PARAMETERS } };
}

function sendableMessage(message: ChatMessage): ChatMessage {
  if (message.role !== "assistant" || message.tool_calls === undefined) return message;
  if (message.tool_calls.every((call) => isObjectText(call.function.arguments))) return message;
  return { ...message, tool_calls: message.tool_calls.map(sendableCall) } satisfies AssistantMessage;
}

/**
 * A call whose arguments any endpoint takes back. vLLM and SGLang parse the arguments of earlier calls for their chat
 * templates and answer 400 to what is no JSON object, which would end the rollout for what the model can still
 * correct: so the text is sent inside an object. The record keeps what the model wrote.
 */
export function sendableCall(call: ChatToolCall): ChatToolCall {
  const text = call.function.arguments;
  if (isObjectText(text)) return call;
  return {
    ...call,
    function: { ...call.function, arguments: JSON.stringify({ malformed_arguments: text }) },
  };
}

function isObjectText(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text));
  } catch {
    return false;
  }
}
