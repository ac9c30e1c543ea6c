import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChatAnswer } from "./chat-answer.ts";
import { readResponsesAnswer } from "./responses-answer.ts";

const withMessage = (message: unknown): unknown => ({ choices: [{ message, finish_reason: "stop" }] });

describe("reading a completion", () => {
  it("makes up ids for tool calls that have none, or the same", () => {
    const named = (id?: string) => ({ id, type: "function", function: { name: "a", arguments: "{}" } });
    const answer = readChatAnswer(withMessage({ tool_calls: [named(), named("x"), named("x")] }), 3);
    expect(answer?.message.tool_calls?.map(({ id }) => id)).toEqual(["call_3_0", "x", "call_3_2"]);
  });

  it("takes arguments that are an object for their JSON, and absent ones for none", () => {
    const call = (value: unknown) => ({ id: "x", function: { name: "a", arguments: value } });
    const read = (value: unknown) =>
      readChatAnswer(withMessage({ tool_calls: [call(value)] }), 0)?.message.tool_calls?.[0]?.function
        .arguments;
    expect(read({ q: 1 })).toBe('{"q":1}');
    expect(read(undefined)).toBe("{}");
    expect(read("")).toBe("{}");
    expect(read("{oops")).toBe("{oops");
  });

  it("joins content parts, and keeps no content apart from an empty one", () => {
    const read = (content: unknown) => readChatAnswer(withMessage({ content }), 0)?.message.content;
    expect(
      read([
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ]),
    ).toBe("ab");
    expect(read("")).toBe("");
    expect(read(null)).toBeNull();
  });

  it("says that usage is unknown when the endpoint sends none", () => {
    expect(readChatAnswer(withMessage({ content: "a" }), 0)?.usage).toBeNull();
  });

  it("keeps nonsense out of counts, token ids, ids and labels, which are stored in a bounded place", () => {
    const long = "x".repeat(1000);
    const call = { id: long, function: { name: long, arguments: "{}" } };
    const choice = { message: { tool_calls: [call] }, finish_reason: long, token_ids: [1, -1, 2.5] };
    const usage = { prompt_tokens: 1e300, completion_tokens: -5 };
    const body = { choices: [choice], model: long, usage, prompt_token_ids: [2 ** 32] };
    const label = "x".repeat(256);
    expect(readChatAnswer(body, 1)).toMatchObject({
      message: { tool_calls: [{ id: "call_1_0", function: { name: label } }] },
      finishReason: label,
      policyVersion: label,
      usage: { promptTokens: 0, completionTokens: 0 },
      promptTokenIds: [],
      tokenIds: [],
    });
  });

  it("reads an answer or null from any JSON, and never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, message) => {
        for (const body of [value, withMessage(message), { output: [value, message] }]) {
          const answers = [readChatAnswer(body, 0), readResponsesAnswer(body, 0)];
          const roles = answers.map((answer) => answer?.message.role ?? "assistant");
          expect(roles).toEqual(["assistant", "assistant"]);
        }
      }),
    );
  });
});
