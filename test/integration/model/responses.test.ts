import { describe, expect, it } from "vitest";
import { responsesBody } from "../../support/model/mock-bodies.ts";
import { always, inOrder } from "../../support/model/mock-scripts.ts";
import { errorOf, startHarness } from "../../support/model/model-harness.ts";
import { sampleRequest } from "../../support/model/model-spec.ts";

const API = { api: "responses" };
const calls = [{ name: "search", arguments: '{"pattern":"a"}', id: "call_a" }];

describe("the Responses API", () => {
  it("reads text, usage and model as chat does", async () => {
    const { client, model } = await startHarness(always({ content: "src/a.ts" }), API);
    expect(await client.sample(sampleRequest())).toMatchObject({
      message: { role: "assistant", content: "src/a.ts" },
      finishReason: "stop",
      policyVersion: "mock-1",
      usage: { promptTokens: 120, completionTokens: 30, cachedTokens: 64, reasoningTokens: 8 },
    });
    expect(model.requests[0]?.path).toBe("/v1/responses");
  });

  it("sends the output items of a turn back verbatim, reasoning items included", async () => {
    const reasoning = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }] };
    const call = { type: "function_call", id: "fc_1", call_id: "call_a", name: "search", arguments: "{}" };
    const first = { kind: "json", body: responsesBody({ body: { output: [reasoning, call] } }) } as const;
    const { client, model } = await startHarness(inOrder([first], always({ content: "ok" })), API);
    const answer = await client.sample(sampleRequest());
    if (answer.kind !== "answer" || answer.nativeItemsJson === undefined) throw new Error("no items");
    expect(answer.message).toMatchObject({ reasoning_content: "hm", tool_calls: [{ id: "call_a" }] });
    const history = [
      { message: { role: "user", content: "Which file?" } as const },
      { message: answer.message, nativeItemsJson: answer.nativeItemsJson },
      { message: { role: "tool", tool_call_id: "call_a", content: "src/a.ts" } as const },
    ];
    await client.sample(sampleRequest({ history }));
    expect(JSON.parse(model.requests[1]?.text ?? "").input).toEqual([
      { role: "user", content: "Which file?" },
      reasoning,
      call,
      { type: "function_call_output", call_id: "call_a", output: "src/a.ts" },
    ]);
  });

  it("sends sampling and tools under that API's names", async () => {
    const { client, model } = await startHarness(always({ calls }), {
      ...API,
      sampling: { max_tokens: 7, reasoning_effort: "low", temperature: 1, logprobs: true },
      extraBody: { store: false, include: ["reasoning.encrypted_content"] },
    });
    const responseFormat = {
      type: "json_schema",
      json_schema: { name: "files", schema: { type: "object" } },
    };
    const tools = [{ name: "search", parameters: { type: "object" } }];
    await client.sample(sampleRequest({ tools, responseFormat, rolloutIndex: 2 }));
    expect(JSON.parse(model.requests[0]?.text ?? "")).toEqual({
      model: "mock-1",
      input: [{ role: "user", content: "Which file?" }],
      tools: [{ type: "function", name: "search", parameters: { type: "object" }, strict: false }],
      text: { format: { type: "json_schema", name: "files", schema: { type: "object" } } },
      max_output_tokens: 7,
      reasoning: { effort: "low" },
      temperature: 1,
      include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
      store: false,
    });
  });

  it.each([
    ["max_output_tokens", "length"],
    ["content_filter", "content_filter"],
  ])("takes an answer cut by %s as finish reason %s", async (reason, finishReason) => {
    const body = { status: "incomplete", incomplete_details: { reason } };
    const { client } = await startHarness(
      () => ({ kind: "json", body: responsesBody({ content: "par", body }) }),
      API,
    );
    expect(await client.sample(sampleRequest())).toMatchObject({ finishReason });
  });

  it("takes a failed response for a failure of the server", async () => {
    const body = { status: "failed", error: { code: "server_error", message: "x" }, output: [] };
    const { client } = await startHarness(() => ({ kind: "json", body: responsesBody({ body }) }), API);
    expect(await errorOf(client, sampleRequest())).toMatchObject({ code: "model_server_error" });
  });
});
