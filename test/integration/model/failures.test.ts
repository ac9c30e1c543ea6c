import { describe, expect, it } from "vitest";
import { errorBody } from "../../support/model/mock-bodies.ts";
import { unusedBaseURL } from "../../support/model/mock-model.ts";
import type { MockReply } from "../../support/model/mock-reply.ts";
import { always, inOrder } from "../../support/model/mock-scripts.ts";
import { clientFor, errorOf, startHarness } from "../../support/model/model-harness.ts";
import { sampleRequest } from "../../support/model/model-spec.ts";
import { systemClock } from "../../../src/lib/clock.ts";

const status = (code: number, fields: object = {}, headers = {}): MockReply => ({
  kind: "status",
  status: code,
  headers,
  body: errorBody({ ...fields }),
});
const answers = always({ content: "ok" });

describe("what goes wrong with a model call", () => {
  it("fails after five tries of 500", async () => {
    const { model, client } = await startHarness(() => status(500));
    const error = await errorOf(client, sampleRequest());
    expect(error).toMatchObject({ code: "model_server_error", failureClass: "model" });
    expect(error.details).toMatchObject({ status: 500, tries: 5 });
    expect(model.requestCount).toBe(5);
  });

  it.each([
    ["500", status(500)],
    ["a cut connection", { kind: "cut" }],
    ["an empty choice list", { kind: "text", text: '{"choices":[]}' }],
    ["text that is no JSON", { kind: "text", text: "<html>bad gateway</html>" }],
    ["an empty body", { kind: "text", text: "" }],
    ["JSON that is no object", { kind: "text", text: "[1]" }],
    ["a choice without a message", { kind: "text", text: '{"choices":[{"index":0}]}' }],
    ["an error in a 200", { kind: "text", text: '{"error":{"code":502,"message":"x"}}' }],
  ] satisfies [string, MockReply][])("goes on after %s", async (_name, reply) => {
    const { model, client } = await startHarness(inOrder([reply], answers));
    expect(await client.sample(sampleRequest())).toMatchObject({ kind: "answer" });
    expect(model.requestCount).toBe(2);
  });

  it("fails as a bad response when no body is ever a completion", async () => {
    const { client } = await startHarness(() => ({ kind: "text", text: '{"choices":[]}' }));
    expect(await errorOf(client, sampleRequest())).toMatchObject({
      code: "model_bad_response",
      failureClass: "model",
      details: { body: "no completion", tries: 5 },
    });
  });

  it("fails within three tries when nothing listens, and names the field", async () => {
    const { client } = clientFor(await unusedBaseURL());
    const error = await errorOf(client, sampleRequest());
    expect(error.code).toBe("model_unreachable");
    expect(error.message).toContain("spec.model.baseURL");
    expect(error.details).toMatchObject({ network: "ECONNREFUSED" });
  });

  it.each([
    [401, "model_unauthorized", "spec.model.apiKeySecret"],
    [403, "model_unauthorized", "spec.model.apiKeySecret"],
    [404, "model_not_found", "spec.model.name"],
    [400, "model_bad_request", "spec.model"],
    [422, "model_bad_request", "spec.model"],
    [307, "model_bad_request", "spec.model"],
  ] as const)("fails at once on %s as %s", async (code, expected, field) => {
    const { model, client } = await startHarness(() => status(code, { code: "some_code" }));
    const error = await errorOf(client, sampleRequest());
    expect(error).toMatchObject({ code: expected, failureClass: "config" });
    expect(error.details).toMatchObject({ status: code, error: "some_code" });
    expect(error.message).toContain(field);
    expect(model.requestCount).toBe(1);
  });

  it("fails at once when the account's quota is spent", async () => {
    const { model, client } = await startHarness(() => status(429, { code: "insufficient_quota" }));
    expect(await errorOf(client, sampleRequest())).toMatchObject({ code: "model_quota_exhausted" });
    expect(model.requestCount).toBe(1);
  });

  it("stops with context_length for a prompt that is too long, in OpenAI's and in vLLM's form", async () => {
    const vllm: MockReply = {
      kind: "status",
      status: 400,
      body: '{"object":"error","message":"This model\'s maximum context length is 4096 tokens. However, you requested 5000 tokens","code":400}',
    };
    const script = inOrder([status(400, { code: "context_length_exceeded" }), vllm], answers);
    const { client } = await startHarness(script);
    const stop = { kind: "stopped", reason: "context_length" };
    expect(await client.sample(sampleRequest())).toMatchObject(stop);
    expect(await client.sample(sampleRequest())).toMatchObject(stop);
  });

  it("stops with content_filter when the prompt is filtered", async () => {
    const { client } = await startHarness(() => status(400, { code: "content_filter" }));
    expect(await client.sample(sampleRequest())).toMatchObject({
      kind: "stopped",
      reason: "content_filter",
    });
  });

  it("never shows what the server says, neither in the error nor in the logs", async () => {
    const canary = "CANARY-OF-A-PROMPT";
    const lines: string[] = [];
    const log = (message: string, fields?: object): void => {
      lines.push(message + JSON.stringify(fields ?? {}));
    };
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    const replies = [500, 400].map((code) => status(code, { message: canary, code: canary + " x" }));
    const { client } = await startHarness(inOrder(replies, answers), {}, { logger });
    const error = await errorOf(client, sampleRequest());
    const shown = [error.message, error.stack, JSON.stringify(error.details), String(error.cause)];
    expect(shown.join("\n")).not.toContain(canary);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join("\n")).not.toContain(canary);
  });
});

describe("the caps of a model call", () => {
  it("gives up on a server that never answers, at the wall cap", async () => {
    const { model, client } = await startHarness(() => ({ kind: "hang" }), {
      requestTimeoutSeconds: 1,
    });
    expect(await errorOf(client, sampleRequest())).toMatchObject({ code: "model_timeout" });
    expect(model.requestCount).toBe(2);
  });

  it("gives up on a server that falls silent within its answer, at the idle cap", async () => {
    const { model, client } = await startHarness(() => ({ kind: "stall" }), {
      idleTimeoutSeconds: 1,
    });
    const error = await errorOf(client, sampleRequest());
    expect(error).toMatchObject({ code: "model_timeout" });
    expect(error.details).toMatchObject({ network: "UND_ERR_BODY_TIMEOUT" });
    expect(model.requestCount).toBe(2);
  });

  it("ends as agent_deadline when the agent's own time runs out", async () => {
    const { client } = await startHarness(() => ({ kind: "hang" }), {}, { clock: systemClock });
    const ended = await client.sample(sampleRequest({ remainingMs: 150 }));
    expect(ended).toMatchObject({ kind: "stopped", reason: "agent_deadline" });
    expect(ended.modelMs).toBeGreaterThanOrEqual(145);
  });

  it("asks nothing when no time is left", async () => {
    const { model, client } = await startHarness(answers);
    expect(await client.sample(sampleRequest({ remainingMs: 0 }))).toMatchObject({
      reason: "agent_deadline",
      modelMs: 0,
    });
    expect(model.requestCount).toBe(0);
  });

  it("rejects with the signal's reason and drops the request", async () => {
    const { model, client } = await startHarness(() => ({ kind: "hang" }));
    const controller = new AbortController();
    const reason = new Error("drained");
    const call = client.sample(sampleRequest({ signal: controller.signal }));
    await expect.poll(() => model.requestCount).toBe(1);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it("refuses extraBody.stream before any call", () => {
    expect(() => clientFor("http://127.0.0.1:9/v1", { extraBody: { stream: true } })).toThrow(
      "spec.model.extraBody.stream",
    );
  });
});
