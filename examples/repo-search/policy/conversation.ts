import type { ConversationMessage, ToolCall } from "./chat-request.ts";

/** One tool call of the conversation with what came back; `arguments` is null where the model wrote no JSON object. */
export interface AnsweredCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>> | null;
  readonly output: string;
}

/** Where the conversation stands. The policy has no memory of its own: this is all that it goes by. */
export interface Conversation {
  /** The last user message. */
  readonly request: string;
  /** Answers of the policy so far. */
  readonly turns: number;
  readonly calls: readonly AnsweredCall[];
}

/** Folds the messages of a request into the state that the next step is chosen from. */
export function readConversation(messages: readonly ConversationMessage[]): Conversation {
  const outputs = new Map(
    messages.flatMap((message) => (message.role === "tool" ? [[message.toolCallId, message.content]] : [])),
  );
  const answers = messages.flatMap((message) => (message.role === "assistant" ? [message] : []));
  return {
    request: messages.findLast((message) => message.role === "user")?.content ?? "",
    turns: answers.length,
    calls: answers.flatMap((answer) => answer.toolCalls).map((call) => answeredCall(call, outputs)),
  };
}

function answeredCall(call: ToolCall, outputs: ReadonlyMap<string, string>): AnsweredCall {
  return { name: call.name, arguments: parseArguments(call.arguments), output: outputs.get(call.id) ?? "" };
}

function parseArguments(text: string): AnsweredCall["arguments"] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
