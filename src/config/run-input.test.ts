import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatProblem } from "./problem.ts";
import { resolveEnvironmentInput, resolveRunInput } from "./run-input.ts";
import type { Resolved } from "./run-input.ts";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-input-"));
  await mkdir(join(cwd, "sub", "corpus"), { recursive: true });
  await writeFile(join(cwd, "sub", "items.jsonl"), '{"q":"a"}\n{"q":"b"}\n');
  await writeFile(join(cwd, "sub", "env.yaml"), JSON.stringify(environment(stringCheck)));
  await writeFile(join(cwd, "job.yaml"), JSON.stringify(job));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const stringCheck = {
  type: "string_check",
  name: "g",
  operation: "eq",
  input: "x",
  reference: "{{ item.q }}",
};

const environment = (grader: object) => ({
  apiVersion: "rollyard.dev/v1alpha1",
  kind: "Environment",
  metadata: { name: "env" },
  spec: { sandbox: { local: "./corpus" }, prompt: [{ role: "user", content: "{{ item.q }}" }], grader },
});

const job = {
  apiVersion: "rollyard.dev/v1alpha1",
  kind: "RolloutJob",
  metadata: { name: "job" },
  spec: { environmentRef: { name: "env" }, dataset: { file: "sub/items.jsonl" }, model: { name: "m" } },
};

const files = ["sub/env.yaml", "job.yaml"];

const linesOf = (resolved: Resolved<unknown>): string[] =>
  resolved.ok ? [] : resolved.problems.map(formatProblem);

describe("resolveRunInput", () => {
  it("resolves paths from the file that names them, and lets the command line complete the job", async () => {
    const overrides = { modelURL: "http://127.0.0.1:1/v1", parallelism: 3, samplesPerItem: 5, items: 1 };
    const resolved = await resolveRunInput(files, { cwd, env: {}, overrides });
    expect(resolved).toMatchObject({
      ok: true,
      input: {
        job: {
          spec: { parallelism: 3, samplesPerItem: 5, model: { baseURL: "http://127.0.0.1:1/v1", name: "m" } },
        },
        items: [{ q: "a" }],
        localFolder: join(cwd, "sub", "corpus"),
        specHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
  });

  it("tells what the command line did not complete", async () => {
    expect(linesOf(await resolveRunInput(files, { cwd, env: {} }))).toEqual([
      "job.yaml:1 spec.model.baseURL: is required",
    ]);
  });

  it("tells bad rows beside what is wrong in the job itself", async () => {
    await writeFile(join(cwd, "sub", "items.jsonl"), '{"q":"a"}\n{}\nx\n');
    expect(linesOf(await resolveRunInput(files, { cwd, env: {} }))).toEqual([
      "job.yaml:1 spec.model.baseURL: is required",
      'sub/items.jsonl:2: "item.q" does not exist, which spec.prompt names',
      'sub/items.jsonl:2: lacks "item.q", which spec.grader.reference names',
      "sub/items.jsonl:3: is not valid JSON",
    ]);
  });

  it("needs exactly one job", async () => {
    expect(linesOf(await resolveRunInput(["sub/env.yaml"], { cwd, env: {} }))).toEqual([
      "-f: exactly one RolloutJob is needed; the files hold 0",
    ]);
  });

  it("refuses indexes beyond the job's rollouts", async () => {
    const spec = { ...job.spec, model: { name: "m", baseURL: "http://h/v1" }, indexes: "0-1,1-9,3-2" };
    await writeFile(join(cwd, "job.yaml"), JSON.stringify({ ...job, spec }));
    expect(linesOf(await resolveRunInput(files, { cwd, env: {} }))).toEqual([
      "job.yaml:1 spec.indexes: range 1-9 reaches beyond the job's 2 rollouts",
      "job.yaml:1 spec.indexes: range 3-2 ends before it begins",
    ]);
  });

  it("looks for Python only when a grader needs it", async () => {
    const overrides = { modelURL: "http://127.0.0.1:1/v1" };
    const findPython = () => Promise.resolve(null);
    expect((await resolveRunInput(files, { cwd, env: {}, overrides, findPython })).ok).toBe(true);
    const python = {
      type: "multi",
      name: "m",
      calculate_output: "p",
      graders: { p: { type: "python", name: "p", source: "x" } },
    };
    await writeFile(join(cwd, "sub", "env.yaml"), JSON.stringify(environment(python)));
    expect(linesOf(await resolveRunInput(files, { cwd, env: {}, overrides, findPython }))).toEqual([
      expect.stringMatching(
        /^sub\/env\.yaml:1 spec\.grader: a python grader needs Python ≥ 3\.10 .* install python3$/u,
      ),
    ]);
  });
});

describe("resolveEnvironmentInput", () => {
  it("needs one environment and no job", async () => {
    const resolved = await resolveEnvironmentInput(["sub/env.yaml"], { cwd, env: {} });
    expect(resolved).toMatchObject({ ok: true, input: { localFolder: join(cwd, "sub", "corpus") } });
    expect(linesOf(await resolveEnvironmentInput([], { cwd, env: {} }))).toEqual([
      "-f: exactly one Environment is needed; the files hold 0",
    ]);
  });
});
