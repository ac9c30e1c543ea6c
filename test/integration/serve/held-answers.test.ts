import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startHeldEndpoint } from "../../support/grader/held-endpoint.ts";
import { startCli } from "../../support/run/run-cli.ts";
import { sandboxesOf } from "../../support/serve/sandboxes-of.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";
import type { Served } from "../../support/serve/serve-world.ts";
import { ROW } from "../../support/serve/trainer-client.ts";

const world = serveWorld();
const PENDING = { status: 503, body: { error: { code: "trace_pending" } } };

describe("answers of a gateway to a hosted trainer", () => {
  it("tell it to ask again when they take too long, and whose score never arrived is counted", async () => {
    const asked: unknown[] = [];
    const endpoint = await startHeldEndpoint((item) => asked.push(item["trace"]));
    const served = await world.serve({ grader: `{type: endpoint, name: remote, url: "${endpoint.url}"}` });
    const impatient = served.trainer.at((await world.replica(served, { answerWithinMs: 500 })).base);
    // A call that outlasts every try of the platform, which runs once.
    const command = "until [ -e go ]; do sleep 0.05; done; echo ran >> log; cat log";
    const slow = { trace: "trace_slow", call: "call_1", command };
    // On a busy machine its time may be over before it is let in.
    await expect.poll(() => impatient.call(slow)).toMatchObject(PENDING);
    for (let tries = 0; tries < 4; tries += 1) expect((await impatient.call(slow)).status).toBe(503);
    const go = { trace: "trace_slow", call: "call_2", command: "touch go" };
    expect(await served.trainer.call(go)).toMatchObject({ status: 200 });
    await expect
      .poll(() => impatient.call(slow))
      .toMatchObject({ status: 200, body: { call_id: "call_1", output: "ran\n" } });
    expect(await served.trainer.call(slow)).toMatchObject({ status: 200, body: { output: "ran\n" } });
    // A grade that does so, which is asked for once.
    const grade = () => impatient.grade("trace_slow", "2", { ...ROW, trace: "slow" });
    await expect.poll(grade).toMatchObject(PENDING);
    await expect.poll(async () => ((await grade()).status === 503 ? endpoint.open.length : null)).toBe(1);
    endpoint.open[0]?.();
    await expect.poll(grade).toEqual({ status: 200, body: { score: 1 } });
    await expect.poll(() => sandboxesOf(served)).toEqual([]);
    // Trainers that hang up while the grade is made.
    for (const trace of ["heard", "unheard"]) {
      await hangUp(served, trace, () => expect.poll(() => endpoint.open.length).toBe(1));
      endpoint.open[0]?.();
      await expect.poll(() => endpoint.open.length).toBe(0);
    }
    await expect.poll(() => answered(served)).toEqual(['{delivered="false"} 2']);
    const repeat = await served.trainer.grade("heard", "3", ROW);
    expect(repeat).toEqual({ status: 200, body: { score: 1 } });
    await expect.poll(() => answered(served)).toEqual(['{delivered="false"} 2', '{delivered="true"} 1']);
    // A grader that fails has no score to give, however often it is asked.
    const broken = () => served.trainer.grade("broken", "2", { ...ROW, trace: "broken" });
    const failing = broken();
    for (const tries of [1, 2, 3]) {
      await expect.poll(() => asked.filter((trace) => trace === "broken")).toHaveLength(tries);
      endpoint.open[0]?.('{"no": "score"}');
    }
    const failed = { status: 500, body: { error: { code: "trace_failed" } } };
    expect(await failing).toMatchObject(failed);
    expect(await broken()).toMatchObject(failed);
    expect(asked).toEqual(["slow", "heard", "unheard", "broken", "broken", "broken"]);
    await served.stop();
    await endpoint.close();
    const { stdout, code } = await startCli(["report", served.records]).ended;
    expect(code).toBe(0);
    expect(await served.lines("results.jsonl")).toMatchObject([
      { trace_id: "trace_slow", reward: 1, tool_calls: 2 },
      { trace_id: "heard", reward: 1 },
      { trace_id: "unheard", reward: 1 },
      { trace_id: "broken", outcome: "failed", failure_class: "grader", failure_code: "grader_bad_answer" },
    ]);
    expect(stdout).toContain("The score of 1 rollout never reached the trainer");
  });
});

describe("requests that come faster than an environment takes them", () => {
  it("are held open, also while sandboxes start slowly, and those that would wait over a minute are sent away", async () => {
    const served = await world.serve({
      spec: "  serve: {requestsPerSecond: 5}",
      sandbox: "startsPerSecond: 1",
    });
    const { trainer } = served;
    const first = ["a", "b", "c", "d"].map((trace) => trainer.call({ trace, call: "0", command: "echo 0" }));
    expect((await Promise.all(first)).map(({ status, body }) => [status, body["output"]])).toEqual(
      first.map(() => [200, "0\n"]),
    );
    expect(await sandboxesOf(served)).toHaveLength(4);
    const numbers = Array.from({ length: 15 }, (_, index) => index + 1);
    const calls = numbers.map((number) => ({
      trace: "a",
      call: String(number),
      command: `echo ${number} >> log`,
    }));
    const answers = await Promise.all(calls.map((call) => trainer.call(call)));
    expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 200));
    const log = await trainer.call({ trace: "a", call: "16", command: "sort -n log" });
    expect(log.body["output"]).toBe(numbers.map((number) => `${number}\n`).join(""));
    // More than a minute's worth.
    const many = Array.from({ length: 340 }, () => emptyCall(served));
    const refused = many.map(async (each) => {
      const answer = await each;
      if (answer.status !== 503) throw new Error("it was let in");
      return answer;
    });
    expect(await Promise.any(refused)).toEqual(BUSY);
    await served.stop();
    await Promise.allSettled(many);
  });
});

const BUSY = { status: 503, retryAfter: "1", code: "gateway_busy" };

/** A call that says nothing, as it is answered. */
async function emptyCall({ tools, headers }: Served): Promise<typeof BUSY> {
  const response = await fetch(tools[0]?.server_url ?? "", { method: "POST", headers, body: "{}" });
  const { error } = (await response.json()) as { readonly error: { readonly code: string } };
  const retryAfter = response.headers.get("retry-after") ?? "";
  return { status: response.status, retryAfter, code: error.code };
}

/** Asks for the grade of a trace, and breaks the connection once `isAsked`. */
async function hangUp(
  { grader, headers }: Served,
  trace: string,
  isAsked: () => Promise<unknown>,
): Promise<void> {
  const { hostname, port, pathname } = new URL(grader);
  const body = JSON.stringify({ sample: { output_text: "2" }, item: { ...ROW, trace }, trace_id: trace });
  const socket = connect(Number(port), hostname);
  const head = { Host: "localhost", ...headers, "Content-Length": String(Buffer.byteLength(body)) };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
  await isAsked();
  socket.resetAndDestroy();
  await once(socket, "close");
}

/** How many grade requests were answered, as the metrics say. */
async function answered(served: Served): Promise<readonly string[]> {
  const [, page = ""] = await served.process.says(/metrics at (\S+)/u);
  const text = await (await fetch(page)).text();
  return Array.from(
    text.matchAll(/^rollyard_grades_answered_total(\{.*)$/gmu),
    ([, found = ""]) => found,
  ).toSorted();
}
