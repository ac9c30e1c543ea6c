import { describe, expect, it } from "vitest";
import { answered, gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { compileGrader } from "./compile-grader.ts";
import { GraderGates } from "./grader-gates.ts";
import type { EndpointReply } from "./endpoint-caller.ts";
import type { EndpointSpec } from "./endpoint.ts";

const spec: EndpointSpec = { type: "endpoint", url: "http://127.0.0.1:1/grade", headers: { "x-key": "k" } };
const input = gradeInput({ answer: "4" }, "four");

async function grade(replies: readonly EndpointReply[], changes: Partial<EndpointSpec> = {}) {
  const world = recordedWorld(replies);
  const grader = compileGrader({ ...spec, ...changes }, { passThreshold: 0.5 });
  const [settled] = await Promise.allSettled([grader.grade(input, world.deps)]);
  return { ...world, settled };
}

const bad = answered("{}");

describe("an endpoint grader", () => {
  it("posts sample, item and trace id with its headers and takes the score", async () => {
    const { calls, settled } = await grade([answered('{"score": 0.75, "why": "near"}')]);
    expect(settled).toMatchObject({ value: { reward: 0.75, passed: true, subRewards: { endpoint: 0.75 } } });
    expect(calls[0]).toMatchObject({ url: spec.url, headers: { "x-key": "k" }, timeoutMs: 60_000 });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({
      item: { answer: "4" },
      sample: input.sample,
      trace_id: "trace_test",
    });
  });

  it.each([8, -3, 0, 1e308])("takes %d: the contract sets no bounds", async (score) => {
    const { settled } = await grade([answered(JSON.stringify({ score }))]);
    expect(settled).toMatchObject({ value: { reward: score } });
  });

  it.each([
    ["no JSON", "ok"],
    ["no object", "0.5"],
    ["a list", "[1]"],
    ["no score", '{"reward": 1}'],
    ["a score that is text", '{"score": "1"}'],
    ["a score that is null", '{"score": null}'],
    ["a score too large for a double", '{"score": 1e400}'],
    ["nothing", ""],
  ])("tries an endpoint that answers %s three times, and then has no reward", async (_case, body) => {
    const { calls, settled, waits } = await grade([answered(body), answered(body), answered(body)]);
    expect(settled).toMatchObject({ reason: { code: "grader_bad_answer", failureClass: "grader" } });
    expect(calls).toHaveLength(3);
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([1000, 2000]);
  });

  it("shares its time among its tries, and gives up when it is spent", async () => {
    const world = recordedWorld();
    const limits: number[] = [];
    const post = async ({ timeoutMs }: { readonly timeoutMs: number }): Promise<EndpointReply> => {
      limits.push(timeoutMs);
      await world.clock.sleep(Math.min(timeoutMs, 3000));
      return timeoutMs <= 3000 ? { kind: "timeout" } : answered("", 404);
    };
    const grader = compileGrader(spec, { passThreshold: 0.5 });
    const deps = { ...world.deps, timeLimitMs: 5000, endpointCaller: { post } };
    await expect(grader.grade(input, deps)).rejects.toMatchObject({ code: "grader_failed" });
    expect(limits).toEqual([5000, 2000]);
  });

  it("spends no time on an endpoint that can't be had", async () => {
    const world = recordedWorld();
    const limits: number[] = [];
    const post = async ({ timeoutMs }: { readonly timeoutMs: number }): Promise<EndpointReply> => {
      limits.push(timeoutMs);
      await world.clock.sleep(4000);
      return limits.length < 3 ? answered("", 503) : answered('{"score": 1}');
    };
    const grader = compileGrader(spec, { passThreshold: 0.5 });
    const deps = { ...world.deps, timeLimitMs: 5000, endpointCaller: { post } };
    expect(await grader.grade(input, deps)).toMatchObject({ reward: 1 });
    expect(limits).toEqual([5000, 5000, 5000]);
  });

  it.each<[string, EndpointReply]>([
    ["answers 404", answered("", 404)],
    ["answers 401", answered("", 401)],
    ["redirects", answered("", 302)],
    ["breaks the connection", { kind: "broken", reason: "ECONNRESET" }],
    ["does not answer in time", { kind: "timeout" }],
    ["answers too much", { kind: "too_large" }],
  ])("fails with class grader when the endpoint %s", async (_case, reply) => {
    const { calls, settled } = await grade([reply, reply, reply]);
    expect(settled).toMatchObject({ reason: { failureClass: "grader" } });
    expect(calls).toHaveLength(3);
  });

  it.each<[string, EndpointReply]>([
    ["refuses connections", { kind: "unreachable", reason: "ECONNREFUSED" }],
    ["answers 429", answered("", 429)],
    ["answers 500", answered("", 500)],
    ["answers 503", answered("", 503)],
  ])("waits for an endpoint that %s, without limit, and then grades", async (_case, reply) => {
    const { calls, settled, waits } = await grade([
      ...Array.from({ length: 50 }, () => reply),
      answered('{"score": 1}'),
    ]);
    expect(settled).toMatchObject({ value: { reward: 1 } });
    expect(calls).toHaveLength(51);
    expect(waits.map(({ delayMs }) => delayMs / 1000).slice(0, 7)).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it("counts runs that failed through the waits between them", async () => {
    const { calls, settled } = await grade([bad, answered("", 503), bad, answered("", 429), bad]);
    expect(settled).toMatchObject({ reason: { code: "grader_bad_answer" } });
    expect(calls).toHaveLength(5);
  });

  it("waits as long as Retry-After asks", async () => {
    const { waits } = await grade([answered("", 429, 90_000), answered('{"score": 1}')]);
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([90_000]);
  });

  it("gives up the moment that its waiting is ended", async () => {
    const world = recordedWorld([answered("", 503)]);
    const stopped = new Error("drained");
    const deps = { ...world.deps, waitOut: () => Promise.reject(stopped) };
    const grader = compileGrader(spec, { passThreshold: 1 });
    await expect(grader.grade(input, deps)).rejects.toBe(stopped);
    expect(world.calls).toHaveLength(1);
  });

  it("spaces its calls by rate_limit", async () => {
    const world = recordedWorld(Array.from({ length: 5 }, () => answered('{"score": 1}')));
    const grader = compileGrader({ ...spec, rate_limit: 4 }, { passThreshold: 1 });
    await Promise.all(Array.from({ length: 5 }, () => grader.grade(input, world.deps)));
    expect(world.clock.sleeps).toEqual([250, 250, 250, 250]);
  });

  it("lets no text of the sample or the item into its errors", async () => {
    const echo = answered(`{"error": "four canary"}`, 400);
    const { settled } = await grade([echo, echo, echo]);
    const { reason } = settled as PromiseRejectedResult;
    expect(JSON.stringify([reason.message, reason.details])).not.toMatch(/four|canary/);
  });

  it.each([1, 2, 5])("runs no more than the process's %d tries when it fails", async (tries) => {
    const broken = { kind: "broken", reason: "ECONNRESET" } as const;
    const world = recordedWorld(Array.from({ length: 6 }, () => broken));
    const grader = compileGrader(
      { type: "endpoint", url: "http://127.0.0.1:1/" },
      {
        passThreshold: 1,
        gateOf: new GraderGates({ byType: { endpoint: { tries } }, byName: {} }).of("ns/env"),
      },
    );
    await expect(grader.grade(gradeInput({}, ""), world.deps)).rejects.toMatchObject({
      code: "grader_failed",
    });
    expect(world.calls).toHaveLength(tries);
  });
});
