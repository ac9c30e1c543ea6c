import { writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import { scratchFolder } from "../../support/trajectory/scratch-folder.ts";

const ENVIRONMENT = `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: env}
spec:
  responseFormat: {type: json_schema, json_schema: {name: answer, schema: {}}}
  grader: {type: set_match, name: f1, metric: f1, input: "{{ sample.output_json.files }}", reference: "{{ item.files }}"}
`;

let folder = "";
const place = (name: string): string => path.join(folder, name);

beforeEach(async () => {
  folder = await scratchFolder();
  await writeFile(place("env.yaml"), ENVIRONMENT);
  await writeFile(place("row.json"), '{"files": ["a.js"]}');
});

async function grade(sample: string, ...flags: readonly string[]): Promise<CliEnd> {
  await writeFile(place("sample"), sample);
  const files = flags.includes("-f") ? [] : ["-f", place("env.yaml")];
  return startCli(["grade", ...files, "--sample", place("sample"), "--json", ...flags]).ended;
}

describe("rollyard grade", () => {
  it.each([
    ["an answer that is JSON", '{"files": ["a.js", "b.js"]}'],
    ["a JSON string with the answer", JSON.stringify('{"files": ["a.js", "b.js"]}')],
    ["a sample's fields", '{"output_json": {"files": ["a.js", "b.js"]}}'],
  ])("grades %s in the form of OpenAI's run", async (_name, sample) => {
    const end = await grade(sample, "--item", place("row.json"));
    expect(end.code).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({
      reward: 2 / 3,
      metadata: { name: "f1", type: "set_match" },
    });
  });

  it("gives no reward and exit code 2 for a row that lacks what the grader names", async () => {
    const end = await grade("{}");
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("config/template_error") });
    expect(JSON.parse(end.stdout)).toMatchObject({
      reward: null,
      metadata: { errors: { other_error: true } },
    });
  });

  it("gives no reward and exit code 1 for a grader that stays down", async () => {
    await writeFile(place("down.yaml"), "type: endpoint\nname: down\nurl: http://127.0.0.1:9/grade\n");
    const end = await grade("hi", "-f", place("down.yaml"), "--wait-seconds", "0");
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining("grader/grader_unreachable") });
    expect(JSON.parse(end.stdout)).toMatchObject({ reward: null });
  });

  it("refuses a sample with a field that no sample has, and a file that is not there", async () => {
    expect(await grade('{"output_text": "a", "output_txt": "b"}')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "output_text"?'),
    });
    const none = await startCli(["grade", "-f", place("env.yaml"), "--sample", place("none")]).ended;
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no such file") });
  });
});
