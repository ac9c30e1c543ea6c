import { describe, expect, it } from "vitest";
import { sandboxesOf } from "../../support/serve/sandboxes-of.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";
import { answer, startToolServer } from "../../support/tools/tool-server.ts";

const world = serveWorld();
const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}_${index}`);

describe("two gateways", () => {
  it("give a trace whose first calls reach both at once one sandbox, and run each call once", async () => {
    const remote = await startToolServer([answer(200, { output: "found" })]);
    const http = `{name: remote, description: r, parameters: {type: object}, http: {url: "${remote.url}"}}`;
    const served = await world.serve({ tools: `[{preset: shell}, ${http}]` });
    const replica = await world.replica(served);
    const both = served.trainer.at(...served.trainer.bases, replica.base);
    const traces = names("trace", 12);
    const command = "echo ran >> $0; cat $0";
    const calls = traces.flatMap((trace) =>
      ["a", "b"].flatMap((call) => {
        const asked = { trace, call, command: command.replaceAll("$0", call) };
        // Each twice: one after the other, so that both gateways are asked for it.
        return [both.call(asked), both.call(asked)];
      }),
    );
    const answers = await Promise.all(calls);
    expect(answers.map(({ status, body }) => [status, body["output"]])).toEqual(
      answers.map(() => [200, "ran\n"]),
    );
    expect(await sandboxesOf(served)).toHaveLength(traces.length);
    const scores = await Promise.all(traces.flatMap((trace) => [both.grade(trace), both.grade(trace)]));
    expect(scores).toEqual(scores.map(() => ({ status: 200, body: { score: 1 } })));
    await expect.poll(() => sandboxesOf(served), { timeout: 20_000 }).toEqual([]);
    // A training step's burst. Its tool needs no sandbox: 500 of them are more than this machine has room for.
    const burst = names("burst", 500);
    const asked = { call: "call_1", tool: "remote", arguments: {} };
    const found = await Promise.all(burst.map((trace) => both.call({ ...asked, trace })));
    expect(found.filter(({ status }) => status !== 200)).toEqual([]);
    const graded = await Promise.all(burst.map((trace) => both.grade(trace)));
    expect(graded.filter(({ status, body }) => status !== 200 || body["score"] !== 1)).toEqual([]);
    expect(remote.requests).toHaveLength(burst.length);
    expect(await sandboxesOf(served)).toEqual([]);
    await served.stop();
    await remote.close();
    const results = await served.lines("results.jsonl");
    const callsOf = new Map(results.map(({ trace_id, tool_calls }) => [trace_id, tool_calls]));
    expect(results).toHaveLength(traces.length + burst.length);
    expect(traces.map((trace) => callsOf.get(trace))).toEqual(traces.map(() => 2));
    expect(burst.map((trace) => callsOf.get(trace))).toEqual(burst.map(() => 1));
  });

  it("finish each other's work when one is killed in the middle of calls and grades", async () => {
    const served = await world.serve();
    const first = await world.replica(served);
    const second = await world.replica(served);
    const trainer = served.trainer.at(first.base, second.base);
    const traces = names("trace", 8);
    const running = traces.map((trace) =>
      trainer.callPatiently({ trace, call: "a", command: "echo ran >> log; sleep 1; cat log" }),
    );
    // All of them are on record; half of them have their only connection to this gateway.
    await expect.poll(() => sandboxesOf(served), { timeout: 20_000 }).toHaveLength(traces.length);
    first.process.kill("SIGKILL");
    const answers = await Promise.all(running);
    expect(answers.map(({ status, body }) => [status, body["output"]])).toEqual(
      answers.map(() => [200, "ran\n"]),
    );
    const third = await world.replica(served);
    const later = served.trainer.at(second.base, third.base);
    const grading = traces.map((trace) => later.gradePatiently(trace));
    second.process.kill("SIGKILL");
    const scores = await Promise.all(grading);
    expect(scores.map(({ status, body }) => [status, body["score"]])).toEqual(scores.map(() => [200, 1]));
    await expect.poll(() => sandboxesOf(served), { timeout: 20_000 }).toEqual([]);
  });

  it("are replaced one after the other while traces are live, and none of these is failed", async () => {
    const served = await world.serve();
    let gateways = [await world.replica(served), await world.replica(served)];
    const traces = names("trace", 200);
    const trainer = served.trainer.among(() => gateways.map(({ base }) => base));
    const opened = await Promise.all(
      traces.map((trace) => trainer.callPatiently({ trace, call: "0", command: "echo 0 >> log" })),
    );
    expect(opened.filter(({ status }) => status !== 200)).toEqual([]);
    const isOver = { now: false };
    const driven = Promise.all(
      traces.map(async (trace) => {
        for (let call = 1; call <= 6 || !isOver.now; call += 1) {
          const asked = {
            trace,
            call: String(call),
            command: `echo ${call} >> log; sleep 0.2; tail -n 1 log`,
          };
          const answer = await trainer.callPatiently(asked);
          if (answer.status !== 200 || answer.body["output"] !== `${call}\n`) return JSON.stringify(answer);
        }
        return JSON.stringify((await trainer.gradePatiently(trace)).body);
      }),
    );
    for (const old of gateways) {
      const fresh = await world.replica(served);
      gateways = [...gateways.filter((each) => each !== old), fresh];
      old.process.kill("SIGTERM");
      expect(await old.process.ended).toMatchObject({ code: 0 });
    }
    isOver.now = true;
    expect(await driven).toEqual(traces.map(() => '{"score":1}'));
    await served.stop();
    const results = await served.lines("results.jsonl");
    expect(results).toHaveLength(traces.length);
    expect(results.filter(({ outcome }) => outcome !== "graded")).toEqual([]);
  });
});
