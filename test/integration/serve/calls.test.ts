import { describe, expect, it } from "vitest";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { sandboxesOf } from "../../support/serve/sandboxes-of.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";
import { ROW } from "../../support/serve/trainer-client.ts";
import { answer, startToolServer } from "../../support/tools/tool-server.ts";
import { startCli } from "../../support/run/run-cli.ts";
import { supervisorOf } from "../../support/run/supervisor-of.ts";

const world = serveWorld();
const TRAIN = { ...ROW, split: "train" };

describe("a hosted trainer's trace", () => {
  it("has a sandbox of its own, in which each call runs once, however often and at once it is sent", async () => {
    const { trainer } = await world.serve();
    const once = { trace: "trace_a", call: "call_1", command: "echo ran >> log; sleep 0.3; cat log" };
    const answers = await Promise.all(Array.from({ length: 12 }, () => trainer.call(once)));
    const expected = { type: "function_call_output", call_id: "call_1", id: "fc_call_1", output: "ran\n" };
    expect(answers).toEqual(answers.map(() => ({ status: 200, body: expected })));
    // Another id is another call, in the same sandbox.
    const again = await trainer.call({ ...once, call: "call_2" });
    expect(again.body["output"]).toBe("ran\nran\n");
    const other = await trainer.call({ ...once, trace: "trace_b" });
    expect(other.body["output"]).toBe("ran\n");
    // Only the very same call is a repeat.
    expect(await trainer.call({ ...once, command: "true" })).toMatchObject({
      status: 422,
      body: { error: { code: "trace_conflict" } },
    });
  });

  it("runs calls beside each other", async () => {
    const { trainer } = await world.serve();
    const calls = ["a", "b", "c", "d"].map((name) => ({
      trace: "trace_p",
      call: `call_${name}`,
      // Each waits for all the others: one after the other, none would ever end.
      command: `touch ${name}; until [ -e a ] && [ -e b ] && [ -e c ] && [ -e d ]; do sleep 0.05; done; echo ${name}`,
    }));
    const answers = await Promise.all(calls.map((call) => trainer.call(call)));
    expect(answers.map(({ body }) => body["output"])).toEqual(["a\n", "b\n", "c\n", "d\n"]);
  });

  it("gets one score, which every later grade request gets too, and no call any more", async () => {
    const served = await world.serve();
    const { trainer } = served;
    await trainer.call({ trace: "trace_a", call: "call_1", command: "echo hello", item: TRAIN });
    await expect.poll(() => sandboxesOf(served)).toHaveLength(1);
    expect(await trainer.grade("trace_a", "2", TRAIN)).toEqual({ status: 200, body: { score: 1 } });
    expect(await trainer.grade("trace_a", "3", TRAIN)).toEqual({ status: 200, body: { score: 1 } });
    const late = await trainer.call({ trace: "trace_a", call: "call_2", command: "echo late" });
    expect(late.status).toBe(409);
    expect(late.body).toEqual({
      type: "function_call_output",
      call_id: "call_2",
      id: "fc_call_2",
      output: expect.stringContaining("This rollout is closed"),
    });
    // What was answered before is answered again.
    const repeat = await trainer.call({ trace: "trace_a", call: "call_1", command: "echo hello" });
    expect(repeat).toMatchObject({ status: 200, body: { output: "hello\n" } });
    await expect.poll(() => sandboxesOf(served)).toEqual([]);
    // Another rollout of the same row, and one of a row of the other split.
    expect(await trainer.grade("trace_b", "3", TRAIN)).toEqual({ status: 200, body: { score: 0 } });
    const validation = { ...ROW, split: "validation" };
    expect(await trainer.grade("trace_c", "3", validation)).toEqual({ status: 200, body: { score: 0 } });
    // What can't be graded has no score, however often it is asked for.
    const unscored = () => trainer.grade("trace_d", "3", { question: "no answer in this row" });
    const failed = { status: 500, body: { error: { code: "trace_failed" } } };
    expect(await unscored()).toMatchObject(failed);
    expect(await unscored()).toMatchObject(failed);
    await served.stop();
    expect(await served.lines("results.jsonl")).toMatchObject([
      {
        trace_id: "trace_a",
        item_index: 0,
        sample_index: 0,
        reward: 1,
        tool_calls: 1,
        stop_reason: "answered",
        split: "train",
      },
      { trace_id: "trace_b", item_index: 0, sample_index: 1, reward: 0, tool_calls: 0, split: "train" },
      { trace_id: "trace_c", item_index: 1, sample_index: 0, reward: 0, tool_calls: 0, split: "validation" },
      { trace_id: "trace_d", outcome: "failed", failure_class: "config", reward: null },
    ]);
    expect(await served.lines("groups.jsonl")).toMatchObject([
      { item_index: 0, n: 2, mean: 0.5 },
      { item_index: 1, n: 1, mean: 0 },
      { item_index: 2, n: 1, graded: 0, mean: null },
    ]);
    const [first] = await served.lines("trajectories.jsonl");
    expect(JSON.stringify(first?.["messages"])).toContain("canary-prompt 1 + 1");
    const reported = await startCli(["report", served.records]).ended;
    expect(reported.code).toBe(0);
    const bySplit = reported.stdout.split("BY THE ROWS' SPLIT\n")[1] ?? "";
    expect(bySplit).toMatch(/^ *split +rollouts +graded +mean reward\n/u);
    expect(bySplit).toMatch(/^ *train +2 +2 +0\.500$/mu);
    expect(bySplit).toMatch(/^ *validation +1 +1 +0$/mu);
    const log = await readFile(path.join(served.records, "logs", "rollyard.log"), "utf8");
    expect(log).not.toContain("canary-prompt");
    expect(log).not.toContain("echo hello");
    expect(log).not.toContain(served.headers["Authorization"]?.slice("Bearer ".length));
  });

  it("shows the model its own mistakes, and goes on", async () => {
    const served = await world.serve();
    const { trainer } = served;
    const outputs = [
      await trainer.call({ trace: "trace_m", call: "1", tool: "nope", arguments: "{}" }),
      await trainer.call({ trace: "trace_m", call: "2", arguments: "{not json" }),
      await trainer.call({ trace: "trace_m", call: "3", arguments: { wrong: 1 } }),
      await trainer.call({ trace: "trace_m", call: "4", command: "echo out; echo err >&2; exit 3" }),
      await trainer.call({ trace: "trace_m", call: "5", arguments: { command: "echo fine" } }),
    ];
    expect(outputs.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(outputs[0]?.body["output"]).toContain('There is no tool "nope"');
    expect(outputs[3]?.body["output"]).toBe("out\n[stderr]\nerr\n[exit code 3]");
    expect(outputs[4]?.body["output"]).toBe("fine\n");
    const [, page = ""] = await served.process.says(/metrics at (\S+)/u);
    const counted = /^rollyard_tool_calls_total\{environment="small",tool="(\w+)",result="(\w+)"\} (\d+)$/gmu;
    const counts = (await (await fetch(page)).text()).matchAll(counted);
    expect(Array.from(counts, ([, ...found]) => found.join(" ")).toSorted()).toEqual([
      "shell failed 1",
      "shell ok 1",
      "shell rejected 2",
      "unknown rejected 1",
    ]);
  });

  it("takes and gives bodies of almost 1 MB, and holds no more of them at once than it has room for", async () => {
    const output = "o".repeat(970_000);
    const tool = await startToolServer([answer(200, { output })]);
    const { trainer } = await world.serve({
      tools: `[{name: remote, description: r, parameters: {type: object}, http: {url: "${tool.url}"}}]`,
      spec: `  limits: {outputBytes: 1000000}`,
    });
    const text = "x".repeat(970_000);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        trainer.call({ trace: `trace_${index}`, call: "call_1", tool: "remote", arguments: { text } }),
      ),
    );
    expect(answers.filter(({ status, body }) => status !== 200 || body["output"] !== output)).toEqual([]);
    expect(tool.requests).toHaveLength(40);
    expect(tool.requests.filter(({ body }) => JSON.stringify(body).length < 970_000)).toEqual([]);
    await tool.close();
  });

  it("is closed as failed by the fourth try that infrastructure loses, and never has a score", async () => {
    const tool = await startToolServer([answer(503, {})]);
    const spec = `  serve: {idleSeconds: 600}`;
    const served = await world.serve({
      spec,
      tools: `[{preset: shell}, {name: remote, description: r, parameters: {type: object}, http: {url: "${tool.url}"}}]`,
    });
    const { trainer } = served;
    const asked = { trace: "trace_f", call: "call_1", tool: "remote", arguments: {} };
    for (let tries = 1; tries <= 4; tries += 1) {
      expect(await trainer.call(asked)).toMatchObject({
        status: 502,
        body: { error: { code: "tool_unavailable" } },
      });
    }
    expect(await trainer.call({ ...asked, call: "call_2" })).toMatchObject({ status: 409 });
    expect(await trainer.grade("trace_f")).toMatchObject({
      status: 500,
      body: { error: { code: "trace_failed" } },
    });
    // A trace that is graded while its call is lost has no score either.
    await trainer.call({ ...asked, trace: "trace_g" });
    expect(await trainer.grade("trace_g")).toMatchObject({ status: 500 });
    await served.stop();
    await tool.close();
    const results = await served.lines("results.jsonl");
    expect(results).toMatchObject([
      {
        trace_id: "trace_f",
        outcome: "failed",
        failure_class: "tool",
        failure_code: "tool_unavailable",
        reward: null,
      },
      { trace_id: "trace_g", outcome: "failed", failure_class: "tool", reward: null },
    ]);
  });

  it("is closed as failed when its sandbox is lost in the middle, as infrastructure's, and never has a score", async () => {
    const served = await world.serve();
    const { trainer } = served;
    await trainer.call({ trace: "trace_s", call: "call_1", command: "echo hello" });
    const repeated = { trace: "trace_r", call: "call_1", command: "echo hello" };
    expect(await trainer.call(repeated)).toMatchObject({ status: 200 });
    const asked = { trace: "trace_s", call: "call_2", command: "touch begun; sleep 60" };
    const running = trainer.call(asked);
    const begun = { trace: "trace_s", call: "call_3", command: "until [ -e begun ]; do sleep 0.05; done" };
    expect(await trainer.call(begun)).toMatchObject({ status: 200 });
    process.kill(supervisorOf(served), "SIGKILL");
    const tries = [await running];
    while (tries.length < 4) tries.push(await trainer.call(asked));
    const lost = { status: 503, body: { error: { code: "sandbox_lost" } } };
    expect(tries).toMatchObject([lost, lost, lost, lost]);
    expect(await trainer.call({ ...asked, call: "call_4" })).toMatchObject({
      status: 409,
      body: { output: expect.stringContaining("has failed (sandbox)") },
    });
    expect(await trainer.grade("trace_s")).toMatchObject({
      status: 500,
      body: { error: { code: "trace_failed" } },
    });
    // The same was asked and answered before the loss, which is no answer to what is asked after it.
    expect(await trainer.call({ ...repeated, call: "call_2" })).toMatchObject(lost);
    const said = /^The rollout has failed \(sandbox: sandbox_lost\) and has no score\. \S/u;
    expect(await trainer.grade("trace_r")).toMatchObject({
      status: 500,
      body: { error: { code: "trace_failed", message: expect.stringMatching(said) } },
    });
    // What begins now gets a sandbox that lives.
    const next = { trace: "trace_t", call: "call_1", command: "echo hello" };
    expect(await trainer.callPatiently(next)).toMatchObject({ status: 200, body: { output: "hello\n" } });
    expect(await trainer.grade("trace_t")).toMatchObject({ status: 200, body: { score: 1 } });
    await served.stop();
    expect(await served.lines("results.jsonl")).toMatchObject([
      {
        trace_id: "trace_s",
        outcome: "failed",
        failure_class: "sandbox",
        failure_code: "sandbox_lost",
        reward: null,
      },
      { trace_id: "trace_r", outcome: "failed", failure_code: "sandbox_lost", reward: null },
      { trace_id: "trace_t", outcome: "graded", reward: 1 },
    ]);
  });

  it("is closed when nobody calls it any more, and its sandbox is freed", async () => {
    const served = await world.serve({ spec: "  serve: {idleSeconds: 2}" });
    const { trainer } = served;
    await trainer.call({ trace: "trace_i", call: "call_1", command: "echo hello" });
    await expect.poll(() => sandboxesOf(served)).toHaveLength(1);
    await expect.poll(() => sandboxesOf(served), { timeout: 20_000 }).toEqual([]);
    const late = await trainer.call({ trace: "trace_i", call: "call_2", command: "echo late" });
    expect(late).toMatchObject({ status: 409, body: { call_id: "call_2", type: "function_call_output" } });
    expect(await trainer.grade("trace_i")).toMatchObject({ status: 500 });
    expect(await served.lines("results.jsonl")).toMatchObject([
      { trace_id: "trace_i", outcome: "failed", failure_class: "cancelled", failure_code: "trace_idle" },
    ]);
  });

  it("is not idle while a call runs longer than that", async () => {
    const served = await world.serve({ spec: "  serve: {idleSeconds: 1}" });
    const answered = await served.trainer.call({
      trace: "trace_l",
      call: "call_1",
      command: "sleep 6; echo done",
    });
    expect(answered).toMatchObject({ status: 200, body: { output: "done\n" } });
  });
});
