import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startMockModel, unusedBaseURL } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import type { MockReply, MockScript } from "../../support/model/mock-reply.ts";
import { always, inOrder, toolTurns } from "../../support/model/mock-scripts.ts";
import { runCli, smallJob, startCli } from "../../support/run/run-cli.ts";
import type { SmallJob, SmallJobOptions } from "../../support/run/run-cli.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function modelThat(script: MockScript, latencyMs = 5): Promise<MockModel> {
  const model = await startMockModel({ script, latencyMs });
  closers.push(() => model.close());
  return model;
}

async function jobOf(options: SmallJobOptions): Promise<SmallJob> {
  const job = await smallJob(options);
  closers.push(() => job.remove());
  return job;
}

/** A model that runs one shell command, then answers. */
function shell(command: string, answer = "done"): MockScript {
  return toolTurns({ turns: 1, calls: [{ name: "shell", arguments: JSON.stringify({ command }) }], answer });
}

const refusal = (status: number, code: string): MockReply => ({
  kind: "status",
  status,
  body: JSON.stringify({ error: { message: "no", type: "error", code } }),
});

async function runs(job: SmallJob, ...flags: string[]) {
  return runCli(["run", "-f", job.file, "--out", job.out, ...flags]);
}

function outputsOf(trajectories: readonly Record<string, unknown>[]): string {
  return JSON.stringify(trajectories.map(({ messages }) => messages));
}

describe("a run of a small job", () => {
  it("ends with 0, a line for every rollout, and a summary that names where they are", async () => {
    const model = await modelThat(shell("cat a.txt"));
    const job = await jobOf({ baseURL: model.baseURL });
    const end = await runs(job);
    expect(end).toMatchObject({ code: 0 });
    expect(end.stderr).toContain(`model mock at ${model.baseURL}`);
    expect(await job.records("results.jsonl")).toHaveLength(6);
    expect(outputsOf(await job.records("trajectories.jsonl"))).toContain("one\\ntwo");
    expect(model.requests.every(({ path: asked }) => asked.endsWith("/chat/completions"))).toBe(true);
    const again = await runs(job);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("use another --out") });
  });

  it("prints the bounds of a dry run and starts nothing", async () => {
    const job = await jobOf({ baseURL: await unusedBaseURL() });
    const end = await runs(job, "--dry-run");
    expect(end).toMatchObject({ code: 0, stdout: expect.stringContaining("6 rollouts") });
  });
});

describe("bad input", () => {
  it("tells every problem at once with file and path, exit 2", async () => {
    const job = await jobOf({
      baseURL: "http://127.0.0.1:1/v1",
      environment: "  tols: []\n  passThreshold: high",
      job: "  retry: {maxAttempts: many}",
    });
    const end = await runs(job);
    expect(end.code).toBe(2);
    for (const place of ["tols", "spec.passThreshold", "spec.retry.maxAttempts", "job.yaml"]) {
      expect(end.stderr).toContain(place);
    }
  });

  it("names the row of a dataset that is not JSON, and an empty dataset, exit 2", async () => {
    const job = await jobOf({ baseURL: "http://127.0.0.1:1/v1" });
    const rows = path.join(job.folder, "items.jsonl");
    const text = await readFile(job.file, "utf8");
    await writeFile(job.file, text.replace(/dataset: .*/u, "dataset: {file: items.jsonl}"));
    const row = JSON.stringify({ question: "q", answer: "a" });
    await writeFile(rows, [...Array.from({ length: 16 }, () => row), "{broken", row, ""].join("\n"));
    expect(await runs(job)).toMatchObject({ code: 2, stderr: expect.stringContaining("items.jsonl:17") });
    await writeFile(rows, "");
    expect(await runs(job)).toMatchObject({ code: 2, stderr: expect.stringContaining("items.jsonl") });
  });
});

describe("a model endpoint that can't serve the job", () => {
  it("ends within seconds when it refuses connections, after few tries", async () => {
    const job = await jobOf({ baseURL: await unusedBaseURL(), items: 20 });
    const end = await runs(job);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain("ConfigError");
    expect(end.stderr).toContain("model_unreachable. Check spec.model.baseURL.");
    expect(await job.records("results.jsonl")).toHaveLength(40);
  });

  it.each([
    ["model_unauthorized", "spec.model.apiKeySecret", refusal(401, "invalid_api_key")],
    ["model_not_found", "spec.model.name", refusal(404, "model_not_found")],
  ])("ends as %s naming %s, without retrying what can't succeed", async (code, field, reply) => {
    const model = await modelThat(() => reply);
    const job = await jobOf({ baseURL: model.baseURL, items: 20 });
    const end = await runs(job);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain(`${code}. Check ${field}.`);
    expect(model.requestCount).toBeLessThanOrEqual(40);
    const results = await job.records("results.jsonl");
    expect(results).toHaveLength(40);
    expect(results.every(({ reward }) => reward === null)).toBe(true);
  });

  it("takes malformed calls, unknown tools, empty choices and garbage as data or class model", async () => {
    const odd = { content: null, calls: [{ name: "nothing", arguments: "{oops" }] };
    const replies: MockReply[] = [
      {
        kind: "json",
        body: Buffer.from(JSON.stringify({ id: "x", object: "chat.completion", choices: [] })),
      },
      { kind: "text", text: "garbage" },
      { kind: "huge", sizeBytes: 10 * 1024 * 1024 },
    ];
    const rest: MockScript = (request) =>
      request.turn === 0 ? always({ calls: odd.calls })(request) : always({ content: "done" })(request);
    const model = await modelThat(inOrder(replies, rest));
    const job = await jobOf({ baseURL: model.baseURL });
    const end = await runs(job);
    expect(end.stderr).toMatch(/Complete/u);
    const results = await job.records("results.jsonl");
    expect(results).toHaveLength(6);
    const classes = results.flatMap(({ failure_class }) => failure_class ?? []);
    expect(classes.every((name) => name === "model")).toBe(true);
    expect(outputsOf(await job.records("trajectories.jsonl"))).toContain("There is no tool");
  });
});

describe("tools that misbehave", () => {
  it.each([
    ["writes a gigabyte", "head -c 1000000000 /dev/zero | tr '\\0' x", "truncated"],
    ["ignores SIGTERM", "trap '' TERM; sleep 60", "timed out after"],
    ["exits with binary noise", "head -c 300 /dev/urandom; exit 7", "[exit code 7]"],
    ["forks for ever", "f() { f | f & }; f; sleep 3; echo alive", ""],
  ])("shows the model one that %s, and goes on", async (_name, command, shown) => {
    const model = await modelThat(shell(command));
    const job = await jobOf({ baseURL: model.baseURL, items: 1, samples: 1 });
    const end = await runs(job);
    expect(end).toMatchObject({ code: 0 });
    expect(outputsOf(await job.records("trajectories.jsonl"))).toContain(shown);
  });

  it("never lets an agent that kills everything it can escape its grade", async () => {
    const model = await modelThat(shell("kill -9 -1; kill -TERM 1; sleep 5"));
    const job = await jobOf({ baseURL: model.baseURL, items: 1, samples: 2 });
    const end = await runs(job);
    expect(end).toMatchObject({ code: 0 });
    const results = await job.records("results.jsonl");
    expect(results.map(({ outcome }) => outcome)).toEqual(["graded", "graded"]);
  });
});

describe("an interrupted run", () => {
  it.each(["SIGINT", "SIGKILL"] as const)(
    "is resumed after %s and runs only what is missing",
    async (signal) => {
      const model = await modelThat(shell("cat a.txt"), 150);
      const job = await jobOf({ baseURL: model.baseURL, items: 12, samples: 2, parallelism: 2 });
      const running = startCli(["run", "-f", job.file, "--out", job.out]);
      await running.says("metrics at");
      await expect
        .poll(async () => (await job.records("results.jsonl").catch(() => [])).length, { timeout: 20_000 })
        .toBeGreaterThan(2);
      running.kill(signal);
      const first = await running.ended;
      expect(first.code).toBe(signal === "SIGINT" ? 130 : null);
      const before = (await job.records("results.jsonl")).map(({ rollout }) => rollout);
      expect(before.length).toBeLessThan(24);
      const second = await runs(job);
      expect(second).toMatchObject({ code: 0 });
      expect(second.stderr).toContain("resuming small");
      const after = (await job.records("results.jsonl")).map(({ rollout }) => rollout);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(new Set(after).size).toBe(24);
      expect(after).toHaveLength(24);
    },
  );

  it("keeps prompts, items, outputs and keys out of its log and of what it says", async () => {
    const model = await modelThat(shell("echo canary-output", "canary-answer"));
    const secret = "model: {apiKeySecret: {name: key, key: value}, ";
    const job = await jobOf({ baseURL: model.baseURL });
    await writeFile(job.file, (await readFile(job.file, "utf8")).replace("model: {", secret));
    const args = ["run", "-f", job.file, "--out", job.out, "-v", "--secret", "key/value=env:CANARY"];
    const end = await runCli(args, { CANARY: "canary-key" });
    expect(end.stderr).toContain("Complete");
    expect(model.requests[0]?.headers["authorization"]).toBe("Bearer canary-key");
    const log = await readFile(path.join(job.out, "small", "logs", "rollyard.log"), "utf8");
    expect(log + end.stdout + end.stderr).not.toContain("canary-");
  });
});
