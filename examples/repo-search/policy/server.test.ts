import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startScriptedPolicy } from "./server.ts";
import type { ScriptedPolicy } from "./server.ts";

const NOW_MS = 1_700_000_000_000;
const QUESTION = { role: "user", content: "Rename `kReply` to `kReplyClass`." } as const;
const TOOLS = [{ type: "function", function: { name: "search", parameters: { type: "object" } } }] as const;

describe("the scripted policy's server", () => {
  let policy: ScriptedPolicy;
  let client: OpenAI;

  beforeAll(async () => {
    policy = await startScriptedPolicy({ nowMs: () => NOW_MS });
    client = new OpenAI({ baseURL: policy.url, apiKey: "none", maxRetries: 0 });
  });
  afterAll(() => policy.close());

  const post = (body: string): Promise<Response> =>
    fetch(`${policy.url}/chat/completions`, { method: "POST", body });

  it("answers OpenAI's own client with tool calls, ids and usage", async () => {
    const completion = await client.chat.completions.create({
      model: "scripted-policy",
      messages: [QUESTION],
      tools: [...TOOLS],
      seed: 1,
    });

    const [choice] = completion.choices;
    expect(completion).toMatchObject({
      object: "chat.completion",
      created: NOW_MS / 1000,
      model: "scripted-policy",
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
    });
    expect(choice?.finish_reason).toBe("tool_calls");
    const ids = (choice?.message.tool_calls ?? []).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("counts more prompt tokens for a longer conversation", async () => {
    const tokensOf = async (content: string): Promise<number> => {
      const body = { model: "scripted-policy", messages: [{ role: "user", content }] } as const;
      const completion = await client.chat.completions.create({ ...body, messages: [...body.messages] });
      return completion.usage?.prompt_tokens ?? 0;
    };

    expect((await tokensOf("x".repeat(4000))) - (await tokensOf("x"))).toBe(1000);
  });

  it("gives the same bytes for the same request", async () => {
    const body = JSON.stringify({ model: "scripted-policy", messages: [QUESTION], tools: TOOLS, seed: 9 });
    const [first, second] = await Promise.all(
      [post(body), post(body)].map(async (reply) => (await reply).text()),
    );

    expect(first).toBe(second);
  });

  it("stops with an answer when there is no tool to call", async () => {
    const { choices } = await client.chat.completions.create({
      model: "scripted-policy",
      messages: [QUESTION],
    });

    expect(choices[0]?.finish_reason).toBe("stop");
  });

  it.each([
    ["no JSON", "{", null],
    ["no object", "[]", null],
    ["no model", '{"messages":[{"role":"user","content":"x"}]}', "model"],
    ["no messages", '{"model":"scripted-policy","messages":[]}', "messages"],
    ["an unknown role", '{"model":"scripted-policy","messages":[{"role":"x"}]}', "messages[0].role"],
    [
      "streaming",
      '{"model":"scripted-policy","messages":[{"role":"user","content":"x"}],"stream":true}',
      "stream",
    ],
    ["a nameless tool", '{"model":"scripted-policy","messages":[{"role":"user"}],"tools":[{}]}', "tools[0]"],
  ])("refuses %s with an error object as OpenAI's", async (_, body, param) => {
    const reply = await post(body);

    expect(reply.status).toBe(400);
    expect(await reply.json()).toEqual({
      error: { message: expect.any(String), type: "invalid_request_error", param, code: null },
    });
  });

  it("does not know other models", async () => {
    const reply = await post(JSON.stringify({ model: "gpt-x", messages: [QUESTION] }));

    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ error: { code: "model_not_found" } });
  });

  it("lists its only model", async () => {
    const { data } = await client.models.list();

    expect(data.map(({ id }) => id)).toEqual(["scripted-policy"]);
  });
});
