import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadDocuments } from "./load-documents.ts";
import { formatProblem } from "./problem.ts";
import { OPENAI_GRADERS } from "../../test/support/grader/openai-graders.ts";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-grader-"));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const environment = (grader: string, more: string): string => `apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: { name: env }
spec:
  grader: ${grader}
  judges:
    j: { baseURL: "http://127.0.0.1:1/v1" }
${more}`;

/** What OpenAI has where its documentation's graders run. */
const OPENAI_SIDE = `    gpt-4o-2024-08-06: { baseURL: "http://127.0.0.1:1/v1" }
    text-embedding-3-large: { baseURL: "http://127.0.0.1:1/v1" }
  responseFormat: { type: json_schema, json_schema: { name: r, strict: true, schema: { type: object } } }
`;

const problemsOf = async (grader: string, more = ""): Promise<readonly string[]> => {
  await writeFile(join(cwd, "env.yaml"), environment(grader, more));
  const { problems } = await loadDocuments(["env.yaml"], { cwd, env: {}, secretFlags: [] });
  return problems.map(formatProblem);
};

describe("a grader of an Environment", () => {
  it.each([
    ["{ type: strin_check, name: g }", 'spec.grader.type: must be one of "string_check"'],
    [
      "{ type: multi, name: m, calculate_output: a, graders: {} }",
      "spec.grader.graders: must hold at least one grader",
    ],
    [
      "{ type: command, name: c, argv: [make], files: [{ from: /etc, to: a }] }",
      "spec.grader.files[0].from: must be a path below the workdir, without ..",
    ],
    [
      "{ type: multi, name: m, calculate_output: a, graders: { a: { type: command, name: c, argv: [make], files: [{ from: a, to: b/../../c }] } } }",
      "spec.grader.graders.a.files[0].to: must be a path below the workdir, without ..",
    ],
    [
      "{ type: command, name: c, argv: [make], result: ../result }",
      "spec.grader.result: must be a path below the workdir, without ..",
    ],
    [
      "{ type: set_match, name: s, input: a, reference: b, metric: fbeta }",
      "spec.grader.beta: is required by metric fbeta",
    ],
    [
      "{ type: set_match, name: s, input: a, reference: b, metric: f1, beta: 2 }",
      "spec.grader.beta: belongs to metric fbeta",
    ],
    [
      "{ type: multi, name: m, calculate_output: a, graders: { a: { type: python, name: p, source: x, integrity: [] } } }",
      "spec.grader.graders.a.integrity: unknown field",
    ],
    [
      "{ type: text_similarity, name: s, input: a, reference: b, evaluation_metric: cosine }",
      'spec.grader.evaluation_metric: cosine is not possible without embeddings: give spec.judges["text-embedding-3-large"]',
    ],
    [
      "{ type: trajectory, name: t, formula: tool_calls.shel }",
      'spec.grader.formula: The formula names "tool_calls.shel"',
    ],
    [
      "{ type: trajectory, name: t, formula: turns, validation: [shel] }",
      "spec.grader.validation[0]: is no tool of this environment",
    ],
    [
      "{ type: multi, name: m, calculate_output: a, graders: { a: { type: trajectory, name: t, formula: turns + } } }",
      "spec.grader.graders.a.formula: The formula lacks a value at character 8.",
    ],
    [
      "{ type: score_model, name: s, model: gpt, input: [{ role: user, content: x }] }",
      "spec.grader.model: is not a key of spec.judges",
    ],
    [
      '{ type: string_check, name: s, operation: eq, input: "{{ sample.output_txt }}", reference: a }',
      'spec.grader.input: "{{ sample.output_txt }}" names an unknown field of sample; did you mean "output_text"?',
    ],
    [
      '{ type: string_check, name: s, operation: eq, input: "{{ sample.output_json.a }}", reference: a }',
      'spec.grader.input: "{{ sample.output_json.a }}" is filled only when spec.responseFormat is given',
    ],
    [
      "{ type: multi, name: m, calculate_output: a + b, graders: { a: { type: python, name: p, source: x } } }",
      'spec.grader.calculate_output: The formula names "b"',
    ],
    [
      "{ type: python, name: p, source: x, integrity: [git] }",
      'spec.grader.integrity[0]: must be one of "tests_unchanged"',
    ],
    [
      "{ type: python, name: p, source: x, integrity: [tests_unchanged] }",
      'spec.grader.integrity[0]: "tests_unchanged" needs a grader of type command with assets',
    ],
    [
      "{ type: python, name: p, source: x, integrity: [judge_injection] }",
      'spec.grader.integrity[0]: "judge_injection" needs a judge',
    ],
    [
      "{ type: score_model, name: s, model: j, range: [1, 0], input: [{ role: user, content: x }] }",
      "spec.grader.range: must begin with the lesser number",
    ],
    [
      "{ type: score_model, name: s, model: j, input: [{ role: system, content: [{ type: input_image, image_url: x }] }] }",
      "spec.grader.input[0].content: may hold images and sound in a message of role user only",
    ],
    [
      '{ type: score_model, name: s, model: j, input: [{ role: user, content: ["{{ item.a }}", { type: input_text, text: "{{ env.A }}" }] }] }',
      'spec.grader.input[0].content[1].text: "{{ env.A }}"',
    ],
  ])("refuses %s", async (grader, expected) => {
    const found = await problemsOf(grader);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`env.yaml:5 ${expected}`);
  });

  it.each(OPENAI_GRADERS.map((example) => [example.name, example] as const))(
    "takes OpenAI's %s as it is, or says what is wrong with it",
    async (_name, { grader, refused }) => {
      const found = await problemsOf(JSON.stringify(grader), OPENAI_SIDE);
      expect(found.length).toBe(refused === undefined ? 0 : 1);
      expect(found.join()).toContain(refused ?? "");
    },
  );
});
