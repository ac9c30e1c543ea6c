import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { environmentSpecSchema } from "../environment/environment.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { datasetSpecSchema } from "../job/dataset-spec.ts";
import { compileItemCheck } from "./check-item.ts";
import { loadDataset } from "./dataset.ts";
import type { LoadedDataset } from "./dataset.ts";
import { formatProblem } from "./problem.ts";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-dataset-"));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const grader = {
  type: "string_check",
  name: "g",
  operation: "eq",
  input: "x",
  reference: "{{ item.answer }}",
};
const withoutPrompt = environmentSpecSchema.parse({ grader });
const withPrompt = environmentSpecSchema.parse({
  grader,
  prompt: [{ role: "user", content: "{{ item.question }}" }],
});

const context = () => ({
  source: { file: "job.yaml", folder: cwd, lineOf: () => 7 },
  configMaps: [],
  fetchDataset: () => Promise.reject(new RollyardError("dataset_not_found")),
  cwd,
});

async function loadLines(lines: string | Buffer, spec = withPrompt, limit?: number): Promise<LoadedDataset> {
  await writeFile(join(cwd, "items.jsonl"), lines);
  const dataset = datasetSpecSchema.parse({ file: "items.jsonl", ...(limit === undefined ? {} : { limit }) });
  return loadDataset(dataset, compileItemCheck(spec), context());
}

const problemsOf = async (lines: string | Buffer, spec = withPrompt): Promise<string[]> =>
  (await loadLines(lines, spec)).problems.map(formatProblem);

const row = (extra = ""): string => `{"question":"q","answer":"a"${extra}}`;

describe("loadDataset", () => {
  it("reads rows in order, without blank lines, carriage returns and a byte order mark", async () => {
    const { items, problems } = await loadLines(`\uFEFF${row(',"n":1')}\r\n\n  \n${row(',"n":2')}`);
    expect(problems).toEqual([]);
    expect(items.map(({ n }) => n)).toEqual([1, 2]);
  });

  it("names the line of a row that is not JSON, whatever is around it", async () => {
    const lines = Array.from({ length: 20 }, () => row());
    lines[16] = '{"question": CANARY';
    expect(await problemsOf(lines.join("\n"))).toEqual(["items.jsonl:17: is not valid JSON"]);
  });

  it("keeps line separators that JSON allows inside strings", async () => {
    const { items, problems } = await loadLines(`{"question":"a\u2028b","answer":"x"}\n`);
    expect(problems).toEqual([]);
    expect(items[0]?.["question"]).toBe("a\u2028b");
  });

  it("names every bad row at once", async () => {
    const lines = ["[1]", "7", row(), '{"question":"q"}', '{"answer":"a"}', "null"];
    expect(await problemsOf(lines.join("\n"))).toEqual([
      "items.jsonl:1: must be a JSON object",
      "items.jsonl:2: must be a JSON object",
      'items.jsonl:4: lacks "item.answer", which spec.grader.reference names',
      'items.jsonl:5: "item.question" does not exist, which spec.prompt names',
      "items.jsonl:6: must be a JSON object",
    ]);
  });

  it.each([
    ['{"answer":"a"}', "has no `messages`, and the environment has no `prompt` to make them"],
    ['{"answer":"a","messages":"hi"}', "messages must be a list"],
    ['{"answer":"a","messages":[]}', "messages must hold at least one message"],
    [
      '{"answer":"a","messages":[{"role":"assistant","content":"CANARY"}]}',
      "messages must end with a message of role user",
    ],
    ['{"answer":"a","messages":[{"role":"user"}]}', "messages[0].content"],
    [
      '{"answer":"a","messages":[{"role":"robot","content":"x"},{"role":"user","content":"x"}]}',
      "messages[0].role must be one of",
    ],
    [
      '{"answer":"a","messages":[{"role":"tool","content":"x"},{"role":"user","content":"x"}]}',
      "messages[0].tool_call_id is required",
    ],
  ])("refuses the row %s", async (line, expected) => {
    const found = await problemsOf(`${line}\n`, withoutPrompt);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`items.jsonl:1: ${expected}`);
    expect(found[0]).not.toContain("CANARY");
  });

  it("takes messages in OpenAI's forms and keeps their further keys", async () => {
    const messages = [
      { role: "developer", content: "d", name: "n" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "1", content: "x" },
      { role: "user", content: [{ type: "text", text: "hi" }], weight: 1 },
    ];
    const { items, problems } = await loadLines(JSON.stringify({ answer: "a", messages }), withoutPrompt);
    expect(problems).toEqual([]);
    expect(items[0]?.["messages"]).toEqual(messages);
  });

  it("refuses an empty file and a file of blank lines", async () => {
    expect(await problemsOf("")).toEqual(["items.jsonl:1: the dataset has no rows"]);
    expect(await problemsOf("\n\n")).toEqual(["items.jsonl:1: the dataset has no rows"]);
  });

  it("names the line that is no UTF-8", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${row()}\n{"a":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}\n'),
    ]);
    expect(await problemsOf(bytes)).toEqual(["items.jsonl:2: is not valid JSON"]);
  });

  it("stops at the limit, without looking at the rows behind it", async () => {
    const { items, problems } = await loadLines(`${row()}\n${row()}\nbroken\n`, withPrompt, 2);
    expect(problems).toEqual([]);
    expect(items).toHaveLength(2);
  });

  it("shows the first hundred bad rows and counts the rest", async () => {
    const found = await problemsOf("x\n".repeat(250));
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toBe("items.jsonl: 150 more rows can't be used");
  });

  it("reads a hundred thousand rows", async () => {
    const { items, problems } = await loadLines(`${row()}\n`.repeat(100_000));
    expect(problems).toEqual([]);
    expect(items).toHaveLength(100_000);
  });

  it("gives the same rows the same digest from any source", async () => {
    const fromFile = await loadLines(`${row()}\n`);
    const spec = datasetSpecSchema.parse({ inline: [{ question: "q", answer: "a" }] });
    const inline = await loadDataset(spec, compileItemCheck(withPrompt), context());
    expect(inline.sha256).toBe(fromFile.sha256);
    expect((await loadLines(`${row(',"n":1')}\n`)).sha256).not.toBe(fromFile.sha256);
  });

  it("refuses a row whose right set can't be read by set_match", async () => {
    const set = { type: "set_match", name: "files", input: "x", reference: "{{ item.files }}", metric: "f1" };
    const spec = environmentSpecSchema.parse({ grader: set, prompt: [{ role: "user", content: "x" }] });
    const rows = ['{"files":["a"]}', '{"files":"a\\nb"}', '{"files":7}', '{"files":"{CANARY"}', "{}"];
    expect(await problemsOf(rows.join("\n"), spec)).toEqual([
      'items.jsonl:3: has no readable set for grader "files": neither a JSON array nor a list of lines',
      'items.jsonl:4: has no readable set for grader "files": neither a JSON array nor a list of lines',
      'items.jsonl:5: lacks "item.files", which spec.grader.reference names',
    ]);
  });

  it("names inline rows by their place in the job", async () => {
    const spec = datasetSpecSchema.parse({ inline: [{ question: "q", answer: "a" }, {}] });
    const { problems } = await loadDataset(spec, compileItemCheck(withPrompt), context());
    expect(problems.map(formatProblem)).toEqual([
      'job.yaml:7 spec.dataset.inline[1]: "item.question" does not exist, which spec.prompt names',
      'job.yaml:7 spec.dataset.inline[1]: lacks "item.answer", which spec.grader.reference names',
    ]);
  });

  it("reads the key of a ConfigMap, as text and as base64", async () => {
    const configMap = (data: object) => ({
      apiVersion: "v1" as const,
      kind: "ConfigMap" as const,
      metadata: { name: "c" },
      data: {},
      binaryData: {},
      ...data,
    });
    const spec = datasetSpecSchema.parse({ configMap: { name: "c", key: "k" } });
    const load = (data: object) =>
      loadDataset(spec, compileItemCheck(withPrompt), { ...context(), configMaps: [configMap(data)] });
    expect((await load({ data: { k: row() } })).items).toHaveLength(1);
    expect((await load({ binaryData: { k: Buffer.from(row()).toString("base64") } })).items).toHaveLength(1);
    expect((await load({ data: { k: "x" } })).problems.map(formatProblem)).toEqual([
      "configmap/c/k:1: is not valid JSON",
    ]);
    expect((await load({})).problems.map(formatProblem)).toEqual([
      "job.yaml:7 spec.dataset.configMap: has no such key",
    ]);
  });

  it.each([
    [{ file: "none.jsonl" }, "spec.dataset.file: no such file: /"],
    [{ file: "." }, "spec.dataset.file: is not a file: /"],
    [{ url: "http://h/x", sha256: "0".repeat(64) }, "spec.dataset.url: The dataset was not found."],
    [{ blob: { sha256: "0".repeat(64) } }, "spec.dataset.blob: is for clusters only"],
  ])("says why %j can't be read", async (dataset, expected) => {
    const { problems } = await loadDataset(datasetSpecSchema.parse(dataset), () => [], context());
    expect(problems.map(formatProblem)).toEqual([expect.stringContaining(`job.yaml:7 ${expected}`)]);
  });
});
