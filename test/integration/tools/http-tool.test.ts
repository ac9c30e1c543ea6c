import { afterEach, describe, expect, it } from "vitest";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import type { ToolRunner } from "../../../src/rollout/agent-setup.ts";
import { createToolRunner } from "../../../src/rollout/tools/run-tool.ts";
import { runnerDeps, toolRun, toolsOf } from "../../support/tools/tool-run.ts";
import { answer, hangUp, silence, startToolServer } from "../../support/tools/tool-server.ts";
import type { ToolServer, ToolServerReply } from "../../support/tools/tool-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function remoteTool(
  replies: readonly ToolServerReply[],
  fields: object = {},
): Promise<{ readonly server: ToolServer; readonly runner: ToolRunner }> {
  const server = await startToolServer(replies);
  const http = new UndiciEndpointCaller();
  closers.push(
    () => server.close(),
    () => http.close(),
  );
  const spec = {
    name: "lookup",
    parameters: { type: "object" },
    http: { url: server.url, headers: { "X-Team": "blue" }, headersSecret: { name: "tool" }, ...fields },
  };
  const secretHeaders = (): Record<string, string> => ({ authorization: "Bearer s" });
  return { server, runner: createToolRunner(toolsOf(spec), runnerDeps({ http, secretHeaders })) };
}

describe("a remote tool", () => {
  it("gets the contract's request and its output is shown", async () => {
    const { server, runner } = await remoteTool([answer(200, { output: "found" })]);
    const returned = await runner(toolRun("lookup", { q: 1 }));
    expect(returned).toMatchObject({ output: "found", result: "ok", exitCode: null });
    const [request] = server.requests;
    expect(request?.body).toEqual({
      type: "function_call",
      id: "fc_1_2_0",
      call_id: "call_1_2_0",
      name: "lookup",
      arguments: '{"q":1}',
      trace_id: "trace_1",
      item: { question: "q", secret_answer: "a" },
    });
    expect(request?.headers).toMatchObject({
      "x-team": "blue",
      authorization: "Bearer s",
      "idempotency-key": "abc-3-1:1:call_1_2_0",
    });
  });

  it("is called again with other secret headers when they were changed meanwhile, and only then", async () => {
    const server = await startToolServer([answer(401, {}), answer(401, {}), answer(200, { output: "ok" })]);
    const http = new UndiciEndpointCaller();
    closers.push(
      () => server.close(),
      () => http.close(),
    );
    let [key, refusals] = ["old", 0];
    const deps = runnerDeps({
      http,
      secretHeaders: () => ({ authorization: key }),
      headersRefused: async () => {
        refusals += 1;
        if (refusals > 1) key = "new";
      },
    });
    const tool = { url: server.url, headersSecret: { name: "tool" } };
    const runner = createToolRunner(
      toolsOf({ name: "lookup", parameters: { type: "object" }, http: tool }),
      deps,
    );
    expect(await runner(toolRun("lookup", {}))).toMatchObject({ result: "failed" });
    expect(await runner(toolRun("lookup", {}))).toMatchObject({ output: "ok" });
    expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual(["old", "old", "new"]);
  });

  it.each([
    ["500 twice", [answer(500, {}), answer(503, {}), answer(200, { output: "ok" })]],
    ["a hung-up connection", [hangUp, answer(200, { output: "ok" })]],
    ["429", [answer(429, {}, { "retry-after": "1" }), answer(200, { output: "ok" })]],
  ])("is asked again after %s, under the same key", async (_name, replies) => {
    const { server, runner } = await remoteTool(replies);
    expect(await runner(toolRun("lookup", {}))).toMatchObject({ output: "ok", result: "ok" });
    expect(new Set(server.requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(server.requests).toHaveLength(replies.length);
  });

  it("fails the attempt, class tool, after three tries of 5xx", async () => {
    const { server, runner } = await remoteTool([answer(502, { output: "CANARY" })]);
    const error = await runner(toolRun("lookup", {})).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "tool_unavailable", failureClass: "tool" });
    expect(String(error) + JSON.stringify(error)).not.toContain("CANARY");
    expect(server.requests).toHaveLength(3);
  });

  it("fails the attempt, class tool, when it never answers in its own time", async () => {
    const { server, runner } = await remoteTool([silence], { timeoutSeconds: 1 });
    await expect(runner(toolRun("lookup", {}))).rejects.toMatchObject({ code: "tool_unavailable" });
    expect(server.requests).toHaveLength(3);
  });

  it("is the agent's end, not the tool's failure, when the agent's time runs out first", async () => {
    const { runner } = await remoteTool([silence]);
    expect(await runner(toolRun("lookup", {}, { remainingMs: 200 }))).toMatchObject({
      output: "[timed out after 0.2 s]",
      timedOut: true,
      result: "failed",
    });
  });

  it.each([
    ["its output", answer(422, { output: "bad id" }), "bad id"],
    ["its whole payload", answer(404, { detail: "no" }), '{"detail":"no"}'],
    ["a text", answer(400, "plain"), "plain"],
    ["429 to the end", answer(429, { error: "slow" }), '{"error":"slow"}'],
  ])("shows the model of a 4xx %s", async (_name, reply, output) => {
    const { runner } = await remoteTool([reply]);
    expect(await runner(toolRun("lookup", {}))).toMatchObject({ output, result: "failed" });
  });

  it("shows an answer over 1 MB as 413", async () => {
    const { runner } = await remoteTool([answer(200, { output: "x".repeat(1_000_001) })]);
    const returned = await runner(toolRun("lookup", {}));
    expect(returned).toMatchObject({ result: "failed", output: expect.stringMatching(/^413 /) });
  });

  it("rejects arguments over 1 MB without asking", async () => {
    const { server, runner } = await remoteTool([answer(200, { output: "ok" })]);
    const returned = await runner(toolRun("lookup", { q: "x".repeat(1_000_001) }));
    expect(returned).toMatchObject({ result: "rejected" });
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ["200 without output", answer(200, { result: "x" })],
    ["a redirect", answer(302, "", { location: "/elsewhere" })],
  ])("is a mistake of the environment when it answers %s", async (_name, reply) => {
    const { runner } = await remoteTool([reply]);
    await expect(runner(toolRun("lookup", {}))).rejects.toMatchObject({
      code: "tool_config_error",
      failureClass: "config",
    });
  });

  it("is given up with the signal's reason", async () => {
    const { server, runner } = await remoteTool([silence]);
    const controller = new AbortController();
    const reason = new Error("fenced");
    const call = runner(toolRun("lookup", {}, { signal: controller.signal }));
    await expect.poll(() => server.requests.length).toBe(1);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });
});
