import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import { NO_PARAMETERS, sendableCall } from "./chat-request.ts";
import type { BodySpec } from "./chat-request.ts";
import type { AssistantMessage, ChatMessage, FunctionTool, HistoryMessage, SampleRequest } from "./port.ts";
import { objectField } from "./read-fields.ts";

/**
 * The body of `POST /responses`. An earlier answer goes back as the items that the endpoint made, verbatim; nothing is
 * assumed of what the endpoint stores (`extraBody: {store: false, include: [reasoning.encrypted_content]}` works).
 * Wire format: https://platform.openai.com/docs/api-reference/responses/create
 */
export function responsesRequestBody(
  spec: BodySpec,
  request: SampleRequest,
): Readonly<Record<string, unknown>> {
  return {
    model: spec.name,
    input: request.history.flatMap(inputItems),
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(responsesTool) }),
    ...(request.responseFormat === undefined
      ? {}
      : { text: { format: responsesFormat(request.responseFormat) } }),
    ...responsesSampling(spec.sampling),
    ...spec.extraBody,
    ...included(spec),
  };
}

function responsesSampling(sampling: BodySpec["sampling"]): Readonly<Record<string, unknown>> {
  const { max_tokens, reasoning_effort, temperature, top_p, top_logprobs } = sampling;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { top_p }),
    ...(top_logprobs === undefined ? {} : { top_logprobs }),
    ...(max_tokens === undefined ? {} : { max_output_tokens: max_tokens }),
    ...(reasoning_effort === undefined ? {} : { reasoning: { effort: reasoning_effort } }),
  };
}

/** Log probabilities are asked for beside what else `extraBody` wants included. */
function included({ sampling, extraBody }: BodySpec): Readonly<Record<string, unknown>> {
  if (sampling.logprobs !== true) return {};
  const others: unknown = extraBody?.["include"];
  const wanted = new Set<unknown>(Array.isArray(others) ? others : []);
  return { include: [...wanted.add("message.output_text.logprobs")] };
}

function responsesTool(tool: FunctionTool): Readonly<Record<string, unknown>> {
  // The API is strict unless told otherwise; chat is not. A job means the same thing on both.
  const strict = tool.strict ?? false;
  return { type: "function", ...tool, parameters: tool.parameters ?? NO_PARAMETERS, strict };
}

/** Chat nests a format's fields under `json_schema`; responses has them beside `type`. */
function responsesFormat(format: JsonObject): JsonObject {
  const nested = objectField(format, "json_schema");
  return nested === undefined ? format : { type: "json_schema", ...nested };
}

function inputItems({ message, nativeItemsJson }: HistoryMessage): readonly JsonValue[] {
  if (nativeItemsJson !== undefined) return JSON.parse(nativeItemsJson) as readonly JsonValue[];
  switch (message.role) {
    case "assistant":
      return assistantItems(message);
    case "tool":
      return [{ type: "function_call_output", call_id: message.tool_call_id, output: message.content }];
    default:
      return [{ role: message.role, content: inputContent(message) }];
  }
}

function assistantItems(message: AssistantMessage): readonly JsonValue[] {
  const text = message.content ?? message.refusal ?? null;
  const calls = (message.tool_calls ?? []).map(sendableCall).map((call) => ({
    type: "function_call",
    call_id: call.id,
    name: call.function.name,
    arguments: call.function.arguments,
  }));
  return text === null ? calls : [{ role: "assistant", content: text }, ...calls];
}

function inputContent(message: Exclude<ChatMessage, { role: "assistant" | "tool" }>): JsonValue {
  if (!Array.isArray(message.content)) return message.content;
  return message.content.map((part: JsonValue) => (isJsonObject(part) ? inputPart(part) : part));
}

function inputPart(part: JsonObject): JsonObject {
  if (part["type"] === "text") return { ...part, type: "input_text" };
  if (part["type"] !== "image_url") return part;
  const image = objectField(part, "image_url") ?? {};
  return {
    type: "input_image",
    image_url: image["url"] ?? null,
    ...(image["detail"] === undefined ? {} : { detail: image["detail"] }),
  };
}
