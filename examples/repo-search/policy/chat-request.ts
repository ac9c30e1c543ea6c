/** A tool call as the policy wrote it in an earlier turn. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** Unparsed, as it went out. */
  readonly arguments: string;
}

/** A message of the conversation so far; texts of content parts are joined. */
export type ConversationMessage =
  | { readonly role: "system" | "developer" | "user"; readonly content: string }
  | { readonly role: "assistant"; readonly content: string; readonly toolCalls: readonly ToolCall[] }
  | { readonly role: "tool"; readonly toolCallId: string; readonly content: string };

/** What the policy reads of a chat completion request. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ConversationMessage[];
  /** Names of the tools that may be called. */
  readonly toolNames: readonly string[];
  /** 0 when the request has none. */
  readonly seed: number;
  /** Characters of everything that a tokenizer would read. */
  readonly promptLength: number;
}

/** What is wrong with a request, in the terms of OpenAI's error object. */
export class BadChatRequest extends Error {
  override readonly name = "BadChatRequest";
  readonly param: string | null;

  constructor(message: string, param: string | null) {
    super(message);
    this.param = param;
  }
}

/**
 * Reads the body of `POST /v1/chat/completions`, as far as the policy uses it; unknown fields are let through.
 * Throws a {@link BadChatRequest} for anything that is not such a request.
 * https://platform.openai.com/docs/api-reference/chat/create
 */
export function parseChatRequest(body: unknown): ChatRequest {
  if (!isRecord(body)) throw new BadChatRequest("The body must be a JSON object.", null);
  refuseUnsupported(body);
  const { model, messages, tools = [], seed = 0 } = body;
  if (typeof model !== "string") throw new BadChatRequest("'model' must be a string.", "model");
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new BadChatRequest("'messages' must be a list of at least one message.", "messages");
  }
  if (!Array.isArray(tools)) throw new BadChatRequest("'tools' must be a list.", "tools");
  if (!isInteger(seed)) throw new BadChatRequest("'seed' must be an integer.", "seed");
  return {
    model,
    messages: messages.map(parseMessage),
    toolNames: tools.map(parseToolName),
    seed,
    promptLength: JSON.stringify([messages, tools]).length,
  };
}

/** What OpenAI's servers can do and this one can't is refused, not passed over. */
function refuseUnsupported({ stream, n = 1 }: Record<string, unknown>): void {
  if (stream === true) throw new BadChatRequest("This policy does not stream.", "stream");
  if (n !== 1) throw new BadChatRequest("This policy gives one choice: 'n' must be 1.", "n");
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseToolName(tool: unknown, index: number): string {
  const name = isRecord(tool) && isRecord(tool["function"]) ? tool["function"]["name"] : undefined;
  if (typeof name === "string") return name;
  throw new BadChatRequest("A tool must be a function with a name.", `tools[${index}]`);
}

function parseMessage(message: unknown, index: number): ConversationMessage {
  const param = `messages[${index}]`;
  if (!isRecord(message)) throw new BadChatRequest("A message must be an object.", param);
  const { role, tool_call_id: toolCallId } = message;
  const content = contentText(message["content"], param);
  switch (role) {
    case "system":
    case "developer":
    case "user":
      return { role, content };
    case "assistant":
      return { role, content, toolCalls: parseToolCalls(message["tool_calls"], param) };
    case "tool":
      if (typeof toolCallId !== "string") throw new BadChatRequest("'tool_call_id' is missing.", param);
      return { role, toolCallId, content };
    default:
      throw new BadChatRequest("A message has an unknown role.", `${param}.role`);
  }
}

function contentText(content: unknown, param: string): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content))
    throw new BadChatRequest("'content' must be text or parts.", `${param}.content`);
  return content
    .map((part: unknown) => (isRecord(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("\n");
}

function parseToolCalls(calls: unknown, param: string): readonly ToolCall[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) throw new BadChatRequest("'tool_calls' must be a list.", `${param}.tool_calls`);
  return calls.map((call: unknown) => {
    const definition = isRecord(call) && isRecord(call["function"]) ? call["function"] : {};
    const id = isRecord(call) ? call["id"] : undefined;
    const { name, arguments: text } = definition;
    if (typeof id === "string" && typeof name === "string" && typeof text === "string") {
      return { id, name, arguments: text };
    }
    throw new BadChatRequest("A tool call needs an id and a function.", `${param}.tool_calls`);
  });
}
