import { createHash } from "node:crypto";
import { request } from "node:http";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/lib/json.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { conditionOf, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { GatewayWorld } from "../../support/gateway/gateway-world.ts";
import type { RunningGateway, TestUser } from "../../support/gateway/gateway-world.ts";
import { allLines, readLines } from "../../support/gateway/read-lines.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "gateway-jobs";
const CANARY = "canary-7c1f";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("the gateway's API of jobs", () => {
  let world: GatewayWorld;
  let gateway: RunningGateway;
  let model: MockModel;
  const tokens = new Map<TestUser, string>();

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }), latencyMs: 20 });
    world = await GatewayWorld.start(cluster, NAMESPACE);
    const controller = await world.jobs.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.jobs.workers();
    gateway = await world.gateway({ limits: { datasetMiB: 1, submitMiB: 1 } });
    for (const user of ["editor", "viewer", "nobody"] as const) tokens.set(user, await world.token(user));
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  const jobsPath = `/v1/namespaces/${NAMESPACE}/jobs`;

  function ask(path: string, user: TestUser | null, init: RequestInit = {}): Promise<Response> {
    const authorization = user === null ? {} : { authorization: `Bearer ${tokens.get(user)}` };
    return fetch(`${gateway.url}${path}`, { ...init, headers: { ...authorization, ...init.headers } });
  }

  async function errorOf(response: Response): Promise<{ code: string; message: string; status: number }> {
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return { status: response.status, ...error };
  }

  const submission = (name: string, more: JsonObject = {}): JsonObject => {
    const { dataset: _dataset, ...spec } = plainJob(name, model.baseURL)["spec"] as JsonObject;
    const rows = [0, 1, 2].map((index) => ({ question: `${CANARY} ${index}`, answer: "yes" }));
    return { name, spec: { ...spec, policyVersion: "step-1", ...more }, rows };
  };

  const submit = (body: unknown, user: TestUser = "editor"): Promise<Response> =>
    ask(jobsPath, user, { method: "POST", body: JSON.stringify(body) });

  it("answers OpenAI's client about graders that compute, for those who may make jobs", async () => {
    const clientOf = (user: TestUser): OpenAI =>
      new OpenAI({
        baseURL: `${gateway.url}/v1`,
        apiKey: tokens.get(user) ?? "",
        project: NAMESPACE,
        maxRetries: 0,
      });
    const { graders } = clientOf("editor").fineTuning.alpha;
    const text = { input: "{{ sample.output_text }}", reference: "{{ item.answer }}" };
    const check = { type: "string_check", name: "exact", operation: "eq", ...text } as const;
    const body = { grader: check, model_sample: "yes", item: { answer: "yes" } };
    expect(await graders.run(body)).toMatchObject({ reward: 1, metadata: { name: "exact" } });
    expect(await graders.validate({ grader: check })).toEqual({ grader: check });
    const judged: OpenAI.Graders.ScoreModelGrader = {
      type: "score_model",
      name: "judged",
      model: "gpt-4.1",
      input: [{ role: "user", content: "{{ sample.output_text }}" }],
    };
    expect(await graders.validate({ grader: judged })).toEqual({ grader: judged });
    await expect(graders.run({ grader: judged, model_sample: "" })).rejects.toMatchObject({
      status: 400,
      type: "invalid_request_error",
      param: "grader.type",
      code: "grader_config_error",
    });
    const wrong = { ...check, operation: "equals" } as unknown as typeof check;
    await expect(graders.validate({ grader: wrong })).rejects.toMatchObject({
      status: 400,
      param: "grader.operation",
    });
    await expect(graders.run({ ...body, model_sample: "a".repeat(200_000) })).rejects.toMatchObject({
      status: 413,
    });
    await expect(clientOf("viewer").fineTuning.alpha.graders.run(body)).rejects.toBeInstanceOf(
      OpenAI.PermissionDeniedError,
    );
    await expect(
      new OpenAI({
        baseURL: `${gateway.url}/v1`,
        apiKey: "none",
        maxRetries: 0,
      }).fineTuning.alpha.graders.run(body),
    ).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it("takes a job with its rows, and gives its results as they come", async () => {
    const answer = await submit(submission("posted"));
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ namespace: NAMESPACE, name: "posted", rows: 3, rollouts: 6 });
    const lines = await allLines(
      await ask(`${jobsPath}/posted/results?follow=true&trajectories=true`, "viewer"),
    );
    const results = lines.filter(({ type }) => type === "result");
    expect(results).toHaveLength(6);
    expect(results[0]).toMatchObject({
      result: {
        job: "posted",
        outcome: "graded",
        reward: 1,
        policy_version: "step-1",
        stop_reason: "answered",
      },
      trajectory: { reward: 1, messages: expect.any(Array) },
    });
    expect(lines.at(-1)).toEqual({
      type: "end",
      ended: true,
      condition: "Complete",
      reason: "AllGraded",
      message: "All 6 rollouts have a reward.",
    });
    // The status is written once a second.
    await world.jobs.untilCondition("posted", "Complete");
    const job = await (await ask(`${jobsPath}/posted`, "viewer")).json();
    expect(job).toMatchObject({
      name: "posted",
      policy_version: "step-1",
      status: { rollouts: { graded: 6 } },
    });
  });

  it("gives groups as each is complete, and goes on behind a cursor", async () => {
    const path = `${jobsPath}/posted/results?by=group`;
    const lines = await allLines(await ask(path, "viewer"));
    const groups = lines.filter(({ type }) => type === "group");
    expect(groups.map(({ group }) => (group as JsonObject)["item_index"])).toHaveLength(3);
    expect(groups[0]).toMatchObject({
      complete: true,
      group: { n: 2, graded: 2, mean: 1 },
      results: [{}, {}],
    });
    const rest = await allLines(await ask(`${path}&after=${Number(groups[1]?.["cursor"])}`, "viewer"));
    expect(rest).toEqual(lines.slice(2));
  });

  it("is asked the same twice and makes one job; another job of that name is a conflict", async () => {
    const first = (await (await submit(submission("posted"))).json()) as JsonObject;
    const again = await submit(submission("posted"));
    expect([again.status, await again.json()]).toEqual([200, first]);
    expect(await errorOf(await submit(submission("posted", { samplesPerItem: 4 })))).toMatchObject({
      status: 409,
      code: "request_conflict",
      message: expect.stringContaining("choose another name"),
    });
  });

  it.each([
    ["no JSON", "{", /not valid JSON/u],
    ["no rows", JSON.stringify({ spec: {}, rows: [] }), /rows must not be empty/u],
    ["rows that are none", JSON.stringify({ spec: {}, rows: [1] }), /rows\[0\] must be an object/u],
    ["an unknown field", JSON.stringify({ row: [] }), /row unknown field; did you mean "rows"\?/u],
    [
      "a bad spec",
      JSON.stringify({ spec: { samplesPerItem: 0 }, rows: [{}] }),
      /spec\.samplesPerItem must be at least 1/u,
    ],
    [
      "rows beside a dataset",
      JSON.stringify({ spec: { dataset: {} }, rows: [{}] }),
      /spec\.dataset must be absent/u,
    ],
  ])("refuses %s with a sentence", async (_what, body, sentence) => {
    const error = await errorOf(await ask(jobsPath, "editor", { method: "POST", body }));
    expect(error).toMatchObject({ status: 400, code: "bad_input", message: expect.stringMatching(sentence) });
  });

  it("refuses a request that is too large", async () => {
    const body = JSON.stringify({ spec: {}, rows: [{ text: "x".repeat(2 * 1024 * 1024) }] });
    expect(await errorOf(await ask(jobsPath, "editor", { method: "POST", body }))).toMatchObject({
      status: 413,
      code: "request_too_large",
    });
  });

  describe("asks the cluster who may do what", () => {
    const reads = ["", "/results", "/log"].map((end) => `${jobsPath}/posted${end}`);

    it.each(reads)("and answers 401 to whom it does not know: %s", async (path) => {
      expect(await errorOf(await ask(path, null))).toMatchObject({ status: 401 });
      const wrong = { headers: { authorization: "Bearer wrong" } };
      expect(await errorOf(await ask(path, null, wrong))).toMatchObject({
        status: 401,
        code: "request_unauthenticated",
      });
    });

    it.each(reads)("and answers 403 to those without the right: %s", async (path) => {
      expect(await errorOf(await ask(path, "nobody"))).toMatchObject({
        status: 403,
        message: expect.stringContaining(`system:serviceaccount:${NAMESPACE}:nobody may not get rolloutjobs`),
      });
    });

    it("and answers 403 in another namespace, whether or not there is such a job", async () => {
      for (const job of ["posted", "none"]) {
        const path = `/v1/namespaces/default/jobs/${job}/results`;
        expect(await errorOf(await ask(path, "editor"))).toMatchObject({ status: 403 });
      }
    });

    it("and answers 404 for a job that is not there", async () => {
      expect(await errorOf(await ask(`${jobsPath}/none/results`, "viewer"))).toMatchObject({
        status: 404,
        message: `There is no RolloutJob "none" in the namespace "${NAMESPACE}".`,
      });
    });

    it("and lets those who may look make and upload nothing", async () => {
      expect(await errorOf(await submit(submission("not-mine"), "viewer"))).toMatchObject({ status: 403 });
      const upload = ask(`${jobsPath}/posted/dataset`, "viewer", { method: "PUT", body: "{}" });
      expect(await errorOf(await upload)).toMatchObject({ status: 403 });
      expect(await world.jobs.job("not-mine")).toBeNull();
    });

    it("by the header that gets through the API server's proxy, before the usual one", async () => {
      const headers = {
        authorization: "Bearer wrong",
        "rollyard-authorization": `Bearer ${tokens.get("viewer")}`,
      };
      expect((await ask(`${jobsPath}/posted`, null, { headers })).status).toBe(200);
    });
  });

  describe("with rows that are uploaded", () => {
    const rows = (count: number, width = 10): string =>
      Array.from(
        { length: count },
        (_, n) => `${JSON.stringify({ question: `${CANARY} ${n}`.padEnd(width, "."), answer: "yes" })}\n`,
      ).join("");
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

    async function make(name: string, text: string): Promise<void> {
      const dataset = { blob: { sha256: sha256(text) } };
      await world.jobs.apply(plainJob(name, model.baseURL, { dataset, samplesPerItem: 1 }));
    }
    const put = (name: string, body: RequestInit["body"]): Promise<Response> =>
      ask(`${jobsPath}/${name}/dataset`, "editor", { method: "PUT", body: body ?? "" });

    it("waits for them, refuses others, and begins when they are there", async () => {
      const text = rows(2);
      await make("waits", text);
      expect(await world.jobs.untilCondition("waits", "DatasetNotFound")).toMatchObject({
        reason: "NotUploaded",
        message: expect.stringContaining("rollyard submit"),
      });
      expect(await errorOf(await put("waits", rows(3)))).toMatchObject({
        status: 400,
        code: "dataset_invalid",
        message: expect.stringContaining("These are other rows than the job names"),
      });
      expect(conditionOf(await world.jobs.job("waits"), "DatasetNotFound")?.status).toBe("True");
      const answer = await put("waits", text);
      expect([answer.status, await answer.json()]).toEqual([
        200,
        { sha256: sha256(text), size_bytes: text.length },
      ]);
      await world.jobs.untilCondition("waits", "Complete");
      expect(await world.jobs.job("waits")).toMatchObject({ status: { rollouts: { total: 2, graded: 2 } } });
    });

    it("takes an upload again that broke off in the middle", async () => {
      const text = rows(40, 20_000);
      await make("broken-off", text);
      await breakOff(`${jobsPath}/broken-off/dataset`, text, 600_000);
      expect((await put("broken-off", text)).status).toBe(200);
      await world.jobs.untilCondition("broken-off", "Complete");
      expect(await world.jobs.job("broken-off")).toMatchObject({ status: { rollouts: { graded: 40 } } });
    });

    it("takes no more than it may, said at the beginning or found out in the middle", async () => {
      const text = rows(100, 20_000);
      await make("large", text);
      expect(await errorOf(await put("large", text))).toMatchObject({ status: 413 });
      const unsaid = new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
      const streamed = { method: "PUT", body: unsaid, duplex: "half" } as RequestInit;
      expect(await errorOf(await ask(`${jobsPath}/large/dataset`, "editor", streamed))).toMatchObject({
        status: 413,
        message: expect.stringContaining("limits.datasetMiB"),
      });
    });

    it("says what rows are bad in a condition, and in the results of who waits", async () => {
      const text = '{"question":"q"}\n';
      await make("bad", text);
      await put("bad", text);
      expect(await world.jobs.untilCondition("bad", "DatasetInvalid")).toMatchObject({ reason: "BadRows" });
      for await (const line of readLines(await ask(`${jobsPath}/bad/results?follow=true`, "viewer"))) {
        expect(line).toMatchObject({ type: "wait" });
        const conditions = line["conditions"] as readonly JsonObject[];
        if (conditions.some(({ type, reason }) => type === "DatasetInvalid" && reason === "BadRows")) break;
      }
    });

    it("takes none for a job that has others, or that is another by now", async () => {
      expect(await errorOf(await put("none", "{}"))).toMatchObject({ status: 404 });
      await world.jobs.apply(plainJob("inline", model.baseURL));
      expect(await errorOf(await put("inline", "{}"))).toMatchObject({
        status: 400,
        message: expect.stringContaining("spec.dataset.blob"),
      });
      const path = `${jobsPath}/waits/dataset?uid=another`;
      expect(await errorOf(await ask(path, "editor", { method: "PUT", body: "" }))).toMatchObject({
        status: 404,
      });
    });

    it("copies them from another job that has them, for who may read that one", async () => {
      await make("copy", rows(2));
      const path = `${jobsPath}/copy/dataset?copyFrom`;
      expect((await ask(`${path}=broken-off`, "editor", { method: "PUT" })).status).toBe(404);
      expect((await ask(`${path}=waits`, "editor", { method: "PUT" })).status).toBe(200);
      await world.jobs.untilCondition("copy", "Complete");
    });
  });

  it("tells what happened in a rollout, with words for whom asks for them", async () => {
    const path = `${jobsPath}/posted/log?rollout=1-0`;
    const brief = await allLines(await ask(path, "viewer"));
    expect(brief.map(({ event }) => event)).toEqual([
      "rollout.started",
      "driver.attached",
      "turn.sampled",
      "rollout.stopped",
      undefined,
    ]);
    expect(JSON.stringify(brief)).not.toContain(CANARY);
    // Also behind an event that shares its message with the next.
    for (const [index, { cursor }] of brief.slice(0, -1).entries()) {
      const rest = await allLines(await ask(`${path}&after=${Number(cursor)}`, "viewer"));
      expect(rest).toEqual(brief.slice(index + 1));
    }
    const whole = await allLines(await ask(`${path}&texts=true`, "viewer"));
    expect(JSON.stringify(whole)).toContain(`${CANARY} 1`);
    const all = await allLines(await ask(`${jobsPath}/posted/log`, "viewer"));
    expect(new Set(all.map(({ rollout }) => rollout)).size).toBe(7);
  });

  it("is watched, and logs nothing of what it carries", async () => {
    expect((await fetch(`${gateway.metricsUrl}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${gateway.metricsUrl}/metrics`)).text();
    expect(metrics).toMatch(/rollyard_gateway_requests_total\{route="submit",status="201"\} 1/u);
    expect(metrics).toContain("rollyard_gateway_streams 0");
    gateway.process.kill("SIGTERM");
    const { code, stdout, stderr } = await gateway.process.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('"msg":"request answered"');
    expect(stdout + stderr).not.toContain(CANARY);
    for (const token of tokens.values()) expect(stdout + stderr).not.toContain(token);
  });

  /** Sends the first bytes of a body, and then nothing any more. */
  function breakOff(path: string, text: string, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const { hostname, port } = new URL(gateway.url);
      const headers = {
        authorization: `Bearer ${tokens.get("editor")}`,
        "content-length": String(text.length),
      };
      const sending = request({ hostname, port, path, method: "PUT", headers });
      sending.on("error", () => resolve());
      sending.on("close", () => resolve());
      sending.write(text.slice(0, bytes), () => setTimeout(() => sending.destroy(), 200));
    });
  }
});
