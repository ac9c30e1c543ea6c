import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerValidate } from "./validate.ts";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-validate-"));
  environmentText = environment;
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const environment = `apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: { name: env }
spec:
  prompt: [{ role: user, content: "{{ item.q }}" }]
  grader: { type: string_check, name: g, operation: eq, input: a, reference: a }
`;

const job = `apiVersion: rollyard.dev/v1alpha1
kind: RolloutJob
metadata: { name: job }
spec:
  environmentRef: { name: env }
  dataset: { file: items.jsonl }
  samplesPerItem: 3
  model: { baseURL: "http://127.0.0.1:1/v1", name: m, apiKeySecret: { name: s, key: k } }
`;

/** The Environment of the next `validate`. */
let environmentText = environment;

async function validate(items: string, ...flags: string[]) {
  await writeFile(join(cwd, "env.yaml"), environmentText);
  await writeFile(join(cwd, "job.yaml"), job);
  await writeFile(join(cwd, "items.jsonl"), items);
  const seen = { stdout: "", stderr: "", exitCode: 0 };
  const program = new Command("rollyard");
  registerValidate(program, {
    stdout: (text) => {
      seen.stdout += text;
    },
    stderr: (text) => {
      seen.stderr += text;
    },
    command: "rollyard",
    ask: async () => null,
    env: { KEY: "CANARY" },
    cwd,
    setExitCode: (code) => {
      seen.exitCode = code;
    },
  });
  const given = ["validate", "-f", "env.yaml", "job.yaml", ...flags];
  await program.parseAsync(given, { from: "user" });
  return seen;
}

describe("rollyard validate", () => {
  it("sums up valid files and exits with 0", async () => {
    expect(await validate('{"q":1}\n{"q":2}\n', "--secret", "s/k=env:KEY")).toEqual({
      stdout: "ok: environments 1, jobs 1, items 2, rollouts 6\n",
      stderr: "",
      exitCode: 0,
    });
  });

  it("says what a valid grader leaves out", async () => {
    environmentText = environment.replace(
      "{ type: string_check, name: g, operation: eq, input: a, reference: a }",
      "{ type: multi, name: m, calculate_output: g, graders: { g: { type: text_similarity, name: g, evaluation_metric: meteor, input: a, reference: a } } }",
    );
    const { stdout, exitCode } = await validate('{"q":1}\n', "--secret", "s/k=env:KEY");
    expect(stdout).toMatch(
      /^ok: .*\nnote: spec\.grader\.graders\.g\.evaluation_metric: meteor .* irregular forms/,
    );
    expect(exitCode).toBe(0);
  });

  it("prints every problem with its place and exits with 2", async () => {
    expect(await validate('{"q":1}\nx\n')).toEqual({
      stdout: [
        "job.yaml:8 spec.model.apiKeySecret: secret s/k was not given; add a Secret document or --secret s/k=env:VARIABLE",
        "items.jsonl:2: is not valid JSON",
        "2 problems",
        "",
      ].join("\n"),
      stderr: "",
      exitCode: 2,
    });
  });

  it("prints JSON for programs", async () => {
    const { stdout, exitCode } = await validate("", "--json", "--secret", "s/k=env:KEY");
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      environments: 1,
      jobs: 1,
      items: 0,
      rollouts: 0,
      problems: [{ file: "items.jsonl", line: 1, path: "", message: "the dataset has no rows" }],
      notes: [],
    });
    expect(exitCode).toBe(2);
  });
});
