import { once } from "node:events";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { Registry } from "prom-client";
import { afterEach, describe, expect, it } from "vitest";
import { create } from "@bufbuild/protobuf";
import { createLeaderMetrics } from "../../../services/controller/leader-metrics.ts";
import { WorkAges } from "../../../src/bus/work-ages.ts";
import { AttemptRefSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { AttemptState, CallReturn, CallState, TurnState } from "../../../src/rollout/state.ts";
import { createMetrics } from "../../../src/telemetry/create-metrics.ts";
import type { Metrics } from "../../../src/telemetry/create-metrics.ts";
import { createGatewayMetrics } from "../../../src/telemetry/gateway-metrics.ts";
import { createKubeMetrics } from "../../../src/telemetry/kube-metrics.ts";
import { MetricMaker } from "../../../src/telemetry/metric-makers.ts";
import { METRICS, METRIC_PREFIX } from "../../../src/telemetry/metric-table.ts";
import { startTelemetryServer } from "../../../src/telemetry/telemetry-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(
  isReady = (): boolean => true,
): Promise<{ metrics: Metrics; url: string; registry: Registry }> {
  const registry = new Registry();
  const labels = { environment: "repo-search", tools: new Set(["search"]) };
  const metrics = createMetrics(registry, { labelsOf: () => labels, nowMs: () => 61_000 });
  const server = await startTelemetryServer({ registry, host: "127.0.0.1", port: 0, isReady });
  closers.push(() => server.close());
  return { metrics, registry, url: `http://127.0.0.1:${server.port}` };
}

/** What `/metrics` is answered with when it is asked under a name. */
async function statusFor(url: string, host: string): Promise<number | undefined> {
  const asking = get(`${url}/metrics`, { headers: { host } });
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

const ref = create(AttemptRefSchema, { jobUid: "abc", traceId: "trace_x" });
const returned: CallReturn = {
  output: "",
  result: "ok",
  exitCode: 0,
  startedAtMs: 10_000,
  durationMs: 2000,
  timedOut: false,
  outOfMemory: false,
  truncatedBytes: 0,
  replayed: false,
};
const call = (name: string): CallState => ({
  turn: 0,
  index: 0,
  callId: "c",
  name,
  argumentsJson: "{}",
  calledAtMs: 0,
  returned,
});
const attempt = {
  startedAtMs: 1000,
  dispatchedAtMs: 500,
  sandboxes: [{ sandboxUid: "s", generation: 0, source: "warm", waitedMs: 250 }],
  turns: [
    { modelMs: 3000, calls: [call("search"), call("search")] },
  ] as readonly unknown[] as readonly TurnState[],
} as unknown as AttemptState;

describe("the telemetry server", () => {
  it("answers the three routes and nothing else", async () => {
    const { url } = await start();
    const status = async (path: string, method = "GET"): Promise<number> =>
      (await fetch(url + path, { method })).status;
    expect(await status("/healthz")).toBe(200);
    expect(await status("/readyz")).toBe(200);
    expect(await status("/metrics")).toBe(200);
    expect(await status("/")).toBe(404);
    expect(await status("/metrics", "POST")).toBe(405);
  });

  it("tells a status where there is one, and is not broken by one that can't be made", async () => {
    let status: (() => Promise<object>) | undefined;
    const server = await startTelemetryServer({
      registry: new Registry(),
      host: "127.0.0.1",
      port: 0,
      isReady: () => true,
      status: () => status?.(),
    });
    closers.push(() => server.close());
    const ask = (): Promise<Response> => fetch(`http://127.0.0.1:${server.port}/status`);
    expect((await ask()).status).toBe(503);
    status = async () => ({ job: "small" });
    expect(await (await ask()).json()).toEqual({ job: "small" });
    status = () => Promise.reject(new Error("no"));
    expect((await ask()).status).toBe(500);
    status = () => {
      throw new Error("no");
    };
    expect((await ask()).status).toBe(500);
    const circular: { self?: object } = {};
    circular.self = circular;
    status = async () => circular;
    expect((await ask()).status).toBe(500);
    expect((await fetch(`${(await start()).url}/status`)).status).toBe(404);
  });

  it.each([
    ["127.0.0.1", 200],
    ["localhost", 200],
    ["LOCALHOST:{port}", 200],
    ["127.0.0.1:{port}", 200],
    ["[::1]:{port}", 200],
    ["rebound.example", 403],
    ["rebound.example:{port}", 403],
    ["127.0.0.1.rebound.example", 403],
  ])("answers on a loopback address who calls it %j with %i", async (name, expected) => {
    const { url } = await start();
    const { port } = new URL(url);
    expect(await statusFor(url, name.replace("{port}", port))).toBe(expected);
  });

  it("answers on every other address whatever name it is called", async () => {
    const server = await startTelemetryServer({
      registry: new Registry(),
      host: "0.0.0.0",
      port: 0,
      isReady: () => true,
    });
    closers.push(() => server.close());
    expect(await statusFor(`http://127.0.0.1:${server.port}`, "worker.team.svc")).toBe(200);
  });

  it("is healthy but not ready while the process can't work", async () => {
    const { url } = await start(() => false);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("says which address can't be listened on", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const options = { registry: new Registry(), host: "127.0.0.1", port, isReady: () => true };
    await expect(startTelemetryServer(options)).rejects.toMatchObject({
      code: "bad_input",
      message: `Metrics can't be served on 127.0.0.1:${port}.`,
    });
  });

  it("shows every metric of the table, with the table's labels only", async () => {
    const { registry } = await start();
    const controllers = new Registry();
    const maker = new MetricMaker(controllers);
    createLeaderMetrics(maker, createKubeMetrics(maker));
    createGatewayMetrics(maker, () => 0);
    const made = new Map<string, readonly string[]>();
    for (const metric of [...registry.getMetricsAsArray(), ...controllers.getMetricsAsArray()]) {
      const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] };
      made.set(name, labelNames.toSorted());
    }
    const table = Object.entries(METRICS).map(([name, { labels }]) => [
      METRIC_PREFIX + name,
      labels.toSorted(),
    ]);
    expect([...made].toSorted()).toEqual(table.toSorted());
  });

  it("shows how long work waits that nobody takes", async () => {
    const { metrics, url } = await start();
    const read = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    expect(await read()).not.toContain("rollyard_work_untaken_seconds{");
    const stop = new AbortController();
    const ages = new WorkAges();
    const state = { waiting: 1, unacked: 0, redelivered: 0, pulls: 0, lastAckAtMs: null, oldest: null };
    const workStates = async () => [
      { kind: "grade" as const, ...state, oldestUntakenAtMs: 1000 },
      { kind: "rollout" as const, ...state, oldestUntakenAtMs: null },
    ];
    const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => stop.abort() };
    await ages.watch({ workStates }, clock, stop.signal);
    metrics.work.watch(ages);
    const text = await read();
    expect(text).toContain('rollyard_work_untaken_seconds{kind="grade"} 60\n');
    expect(text).toContain('rollyard_work_untaken_seconds{kind="rollout"} 0\n');
  });

  it("counts what observers see, and never a name that a model made up", async () => {
    const { metrics, url } = await start();
    const { observer } = metrics.rollouts;
    observer.rolloutAttached(ref);
    observer.rolloutAttached(ref);
    observer.toolReturned(ref, call("search"), returned);
    observer.toolReturned(ref, call("CANARY"), { ...returned, result: "rejected" });
    observer.rolloutEnded(ref, { kind: "stopped", reason: "answered", evidence: {} }, attempt);
    metrics.grader.rewardRecorded("repo-search", 1, 4);
    metrics.sandboxes.observer.started("agent", "warm", 500);
    metrics.sandboxes.observer.orphanRemoved();
    metrics.outcomes.rolloutEnded({ namespace: "default", environment: "repo-search" }, "graded");
    metrics.model.modelTokens({ promptTokens: 7, completionTokens: 3, cachedTokens: 0, reasoningTokens: 0 });
    const stop = metrics.sandboxes.watch("repo-search", () => ({ ready: 2, starting: 1, leased: 4 }));
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      'rollyard_rollouts_active{phase="agent"} 1',
      'rollyard_tool_calls_total{environment="repo-search",tool="search",result="ok"} 1',
      'rollyard_tool_calls_total{environment="repo-search",tool="unknown",result="rejected"} 1',
      'rollyard_rollout_duration_seconds_sum{environment="repo-search"} 60',
      'rollyard_phase_duration_seconds_sum{environment="repo-search",phase="queued"} 0.5',
      'rollyard_phase_duration_seconds_sum{environment="repo-search",phase="sandbox"} 0.25',
      'rollyard_phase_duration_seconds_sum{environment="repo-search",phase="model"} 3',
      'rollyard_phase_duration_seconds_sum{environment="repo-search",phase="tool"} 2',
      'rollyard_phase_duration_seconds_sum{environment="repo-search",phase="grade"} 4',
      'rollyard_sandbox_start_duration_seconds_sum{source="warm"} 0.5',
      "rollyard_orphans_removed_total 1",
      'rollyard_rollout_tool_calls_sum{environment="repo-search"} 2',
      'rollyard_rollouts_total{namespace="default",environment="repo-search",outcome="graded"} 1',
      'rollyard_model_tokens_total{direction="prompt"} 7',
      'rollyard_sandboxes{environment="repo-search",state="leased"} 4',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toContain("CANARY");
    expect(text).not.toContain("trace_x");
    stop();
    expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('state="leased"');
  });
});
