import { describe, expect, it, vi } from "vitest";
import { fixedKey } from "../../../src/model/api-key.ts";
import { always, inOrder } from "../../support/model/mock-scripts.ts";
import { chatBody } from "../../support/model/mock-bodies.ts";
import { clientFor, startHarness } from "../../support/model/model-harness.ts";
import { sampleRequest } from "../../support/model/model-spec.ts";

const SEARCH = { name: "search", description: "Searches.", parameters: { type: "object" } } as const;

describe("a chat completion", () => {
  it("comes back as message, usage, finish reason and policy version", async () => {
    const { client } = await startHarness(always({ content: "src/a.ts" }));
    const answer = await client.sample(sampleRequest());
    expect(answer).toMatchObject({
      kind: "answer",
      message: { role: "assistant", content: "src/a.ts" },
      finishReason: "stop",
      policyVersion: "mock-1@fp_mock",
      usage: { promptTokens: 120, completionTokens: 30, cachedTokens: 64, reasoningTokens: 8 },
    });
  });

  it("keeps several tool calls of one turn in order", async () => {
    const calls = [
      { name: "search", arguments: '{"pattern":"a"}', id: "x" },
      { name: "search", arguments: '{"pattern":"b"}', id: "y" },
    ];
    const { client } = await startHarness(always({ calls }));
    const answer = await client.sample(sampleRequest({ tools: [SEARCH] }));
    expect(answer).toMatchObject({
      finishReason: "tool_calls",
      message: {
        content: null,
        tool_calls: [
          { id: "x", function: { name: "search", arguments: '{"pattern":"a"}' } },
          { id: "y", function: { name: "search", arguments: '{"pattern":"b"}' } },
        ],
      },
    });
  });

  it("carries token ids and log probabilities when the server sends them", async () => {
    const script = always({
      content: "ok",
      choice: {
        token_ids: [5, 6],
        logprobs: {
          content: [
            { token: "o", logprob: -0.5 },
            { token: "k", logprob: -1 },
          ],
        },
      },
      body: { prompt_token_ids: [1, 2, 3] },
      message: { reasoning_content: "hm" },
    });
    const { client } = await startHarness(script);
    expect(await client.sample(sampleRequest())).toMatchObject({
      promptTokenIds: [1, 2, 3],
      tokenIds: [5, 6],
      logprobs: [-0.5, -1],
      message: { reasoning_content: "hm" },
    });
  });

  it("sends sampling, the rollout's own seed, extraBody, headers, tools and response format", async () => {
    const { model, client } = await startHarness(always({ content: "ok" }), {
      sampling: { temperature: 0.7, max_tokens: 9, seed: 100, stop: ["END"] },
      extraBody: { return_token_ids: true, top_k: 5, nested: { a: [1] } },
      headers: { "X-Team": "blue" },
    });
    const responseFormat = { type: "json_object" };
    await client.sample(sampleRequest({ tools: [SEARCH], rolloutIndex: 17, responseFormat }));
    const [request] = model.requests;
    expect(JSON.parse(request?.text ?? "")).toEqual({
      model: "mock-1",
      messages: [{ role: "user", content: "Which file?" }],
      tools: [{ type: "function", function: SEARCH }],
      response_format: { type: "json_object" },
      temperature: 0.7,
      max_tokens: 9,
      seed: 117,
      stop: ["END"],
      return_token_ids: true,
      top_k: 5,
      nested: { a: [1] },
    });
    expect(request?.headers).toMatchObject({ "x-team": "blue" });
    expect(request?.headers).not.toHaveProperty("authorization");
    expect(request?.path).toBe("/v1/chat/completions");
  });

  it("sends the key, and nothing that OPENAI_* variables say", async () => {
    vi.stubEnv("OPENAI_API_KEY", "key-of-the-environment");
    vi.stubEnv("OPENAI_CUSTOM_HEADERS", "X-Leak: yes");
    vi.stubEnv("OPENAI_ORG_ID", "org-of-the-environment");
    vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    const { model } = await startHarness(always({ content: "ok" }));
    const { client } = clientFor(model.baseURL, {}, { apiKey: fixedKey("key-of-the-job") });
    await client.sample(sampleRequest());
    vi.unstubAllEnvs();
    expect(model.requests[0]?.headers["authorization"]).toBe("Bearer key-of-the-job");
    expect(JSON.stringify(model.requests[0]?.headers)).not.toMatch(/environment|leak/i);
  });

  it("sends the call again with another key when the first was changed meanwhile, and only then", async () => {
    const { model } = await startHarness(({ headers }) =>
      headers["authorization"] === "Bearer new"
        ? { kind: "json", body: chatBody({ content: "ok" }) }
        : { kind: "status", status: 401, body: "{}" },
    );
    let key = "old";
    const asked: (string | null)[] = [];
    const apiKey = {
      current: () => key,
      renew: async (refused: string | null) => {
        asked.push(refused);
        const isOther = asked.length > 1;
        if (isOther) key = "new";
        return isOther;
      },
    };
    const { client } = clientFor(model.baseURL, {}, { apiKey });
    await expect(client.sample(sampleRequest())).rejects.toMatchObject({ code: "model_unauthorized" });
    expect(model.requestCount).toBe(1);
    expect(await client.sample(sampleRequest())).toMatchObject({ kind: "answer" });
    expect(asked).toEqual(["old", "old"]);
    expect(model.requestCount).toBe(3);
  });

  it("sends malformed arguments back inside an object, so that strict chat templates bear them", async () => {
    const { model, client } = await startHarness(always({ content: "ok" }));
    const call = { id: "c", type: "function", function: { name: "search", arguments: "{oops" } } as const;
    await client.sample(
      sampleRequest({
        history: [
          { message: { role: "user", content: "q" } },
          { message: { role: "assistant", content: null, tool_calls: [call] } },
          { message: { role: "tool", tool_call_id: "c", content: "not JSON" } },
        ],
      }),
    );
    const sent = JSON.parse(model.requests[0]?.text ?? "");
    expect(JSON.parse(sent.messages[1].tool_calls[0].function.arguments)).toEqual({
      malformed_arguments: "{oops",
    });
  });

  it("takes 10 MB of text for an answer and gives up on 17 MB", async () => {
    const huge = (sizeBytes: number) => ({ kind: "huge", sizeBytes }) as const;
    const script = inOrder([huge(10_000_000)], () => huge(17 * 1024 * 1024));
    const { client } = await startHarness(script);
    const answer = await client.sample(sampleRequest());
    expect(answer.kind === "answer" && answer.message.content?.length).toBe(10_000_000);
    await expect(client.sample(sampleRequest())).rejects.toMatchObject({
      code: "model_bad_response",
    });
  });

  it("tells waiting from model time: a refused try is waited, the accepted one is the model's", async () => {
    const refusal = { kind: "status", status: 500, body: "{}" } as const;
    const script = inOrder([refusal], () => ({ kind: "json", body: chatBody({ content: "ok" }) }));
    const { client } = await startHarness(script, {}, { latencyMs: 20 });
    const answer = await client.sample(sampleRequest());
    // The clock runs a hundred times faster: 20 ms of latency are 2 s, the backoff is 0.25 to 0.5 s.
    expect(answer.kind).toBe("answer");
    if (answer.kind !== "answer") return;
    expect(answer.modelMs).toBeGreaterThanOrEqual(1900);
    expect(answer.waitedMs).toBeGreaterThanOrEqual(250);
  });
});
