import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";
import { refusal } from "../../support/run/run-world.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";

const CHECK = {
  type: "string_check",
  name: "exact",
  operation: "eq",
  input: "{{ sample.output_text }}",
  reference: "{{ item.answer }}",
} as const;

const python = (source: string) => ({ type: "python", name: "code", source }) as const;

const SCORES = always({ content: '{"steps": [], "result": 0.75}' });

describe("OpenAI's client at rollyard grade --serve", () => {
  let folder = "";
  let running: RunningCli;
  let judge: MockModel;
  let client: OpenAI;
  let judgeSays = SCORES;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "rollyard-grade-"));
    judge = await startMockModel({ script: (request) => judgeSays(request) });
    const file = path.join(folder, "env.yaml");
    await writeFile(
      file,
      `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: env}
spec:
  judges: {gpt-4.1: {baseURL: "${judge.baseURL}", name: my-judge}}
  grader: {type: string_check, name: g, operation: eq, input: a, reference: a}
`,
    );
    running = startCli(["grade", "-f", file, "--serve", "--wait-seconds", "1"]);
    const [, baseURL = "", apiKey = ""] = await running.says(
      /OPENAI_BASE_URL=(\S+)\nOPENAI_API_KEY=(\S+)\n/u,
    );
    client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  });

  afterEach(() => {
    judgeSays = SCORES;
  });

  afterAll(async () => {
    running.kill("SIGTERM");
    await running.ended;
    await judge.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("runs a grader over a sample and its item", async () => {
    const { graders } = client.fineTuning.alpha;
    const right = await graders.run({ grader: CHECK, model_sample: "42", item: { answer: "42" } });
    expect(right).toMatchObject({
      reward: 1,
      sub_rewards: { exact: 1 },
      model_grader_token_usage_per_model: {},
    });
    expect(right.metadata).toMatchObject({ name: "exact", type: "string_check", token_usage: null });
    expect(Object.values(right.metadata.errors).every((flag) => flag === false || flag === null)).toBe(true);
    expect(await graders.run({ grader: CHECK, model_sample: "41", item: { answer: "42" } })).toMatchObject({
      reward: 0,
    });
  });

  it("fills output_json from a sample that is JSON, and multi from its parts", async () => {
    const grader = {
      type: "multi",
      name: "both",
      graders: {
        json: { ...CHECK, input: "{{ sample.output_json.a }}" },
        near: {
          type: "text_similarity",
          name: "near",
          evaluation_metric: "fuzzy_match",
          input: "{{ sample.output_json.a }}",
          reference: "{{ item.answer }}",
        },
      },
      calculate_output: "(json + near) / 2",
    };
    // The client's types of `multi` have one grader where the API has a map.
    const body = { grader, model_sample: '{"a": "yes"}', item: { answer: "yes" } };
    const run = await client.fineTuning.alpha.graders.run(body as never);
    expect(run).toMatchObject({ reward: 1, sub_rewards: { json: 1, near: 1 } });
  });

  it("runs python in a sandbox, and says in OpenAI's flags what its exception was", async () => {
    const { graders } = client.fineTuning.alpha;
    const half = python("def grade(sample, item):\n    return len(sample['output_text']) / item['of']\n");
    expect(await graders.run({ grader: half, model_sample: "ab", item: { of: 4 } })).toMatchObject({
      reward: 0.5,
    });
    const broken = await graders.run({ grader: half, model_sample: "ab", item: {} });
    expect(broken).toMatchObject({ reward: 0, metadata: { errors: { python_grader_runtime_error: true } } });
    const missing = python("import rollyard_has_no_such\ndef grade(sample, item):\n    return 1\n");
    expect(await graders.run({ grader: missing, model_sample: "ab" })).toMatchObject({
      reward: null,
      metadata: { errors: { python_grader_runtime_error_details: "ModuleNotFoundError" } },
    });
  });

  const scoring: OpenAI.Graders.ScoreModelGrader = {
    type: "score_model",
    name: "judged",
    model: "gpt-4.1",
    input: [{ role: "user", content: "Score: {{ sample.output_text }}" }],
  };

  it("asks the Environment's judges and counts their tokens", async () => {
    const run = await client.fineTuning.alpha.graders.run({ grader: scoring, model_sample: "fine" });
    expect(run).toMatchObject({ reward: 0.75, metadata: { sampled_model_name: "gpt-4.1" } });
    expect(run.metadata.token_usage).toBeGreaterThan(0);
    expect(Object.keys(run.model_grader_token_usage_per_model)).toEqual(["gpt-4.1"]);
  });

  it("gives no reward in place of a judge that is down or refuses", async () => {
    judgeSays = () => refusal(503, "busy");
    const down = await client.fineTuning.alpha.graders.run({ grader: scoring, model_sample: "fine" });
    expect(down).toMatchObject({ reward: null, metadata: { errors: { model_grader_server_error: true } } });
  });

  it("validates a grader, and gives it back", async () => {
    const { grader } = await client.fineTuning.alpha.graders.validate({ grader: CHECK });
    expect(grader).toEqual(CHECK);
  });

  it("answers 400 in OpenAI's form for what can't be used, naming the field", async () => {
    const { graders } = client.fineTuning.alpha;
    const wrong = { ...CHECK, operation: "equals" };
    const refused = await graders.validate({ grader: wrong as never }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    expect(refused).toMatchObject({
      status: 400,
      type: "invalid_request_error",
      param: "grader.operation",
      code: "bad_input",
      message: expect.stringContaining("grader.operation must be one of"),
    });
    await expect(
      graders.run({ grader: { ...CHECK, type: "score" } as never, model_sample: "" }),
    ).rejects.toMatchObject({
      status: 400,
      param: "grader.type",
    });
    await expect(graders.run({ grader: CHECK } as never)).rejects.toMatchObject({
      status: 400,
      param: "model_sample",
    });
    await expect(graders.run({ grader: CHECK, model_sample: "" })).rejects.toMatchObject({
      status: 400,
      code: "template_error",
    });
    const stranger = { ...scoring, model: "gpt-9" };
    await expect(graders.run({ grader: stranger, model_sample: "" })).rejects.toMatchObject({
      status: 400,
      param: "grader.model",
    });
  });

  it("answers nobody without the key, and nobody who calls it by another name", async () => {
    const other = new OpenAI({ baseURL: client.baseURL, apiKey: "sk-other", maxRetries: 0 });
    const refused = await other.fineTuning.alpha.graders
      .validate({ grader: CHECK })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.AuthenticationError);
    const { port } = new URL(client.baseURL);
    const statusOf = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: `rebound.example:${port}`, authorization: `Bearer ${client.apiKey}` };
      const address = `${client.baseURL}/fine_tuning/alpha/graders/validate`;
      get(address, { headers, method: "POST" }, (response) => resolve(response.statusCode)).once(
        "error",
        reject,
      );
    });
    expect(statusOf).toBe(403);
  });

  it("answers 404 in the same form for all else", async () => {
    await expect(client.models.list()).rejects.toMatchObject({ status: 404, type: "invalid_request_error" });
  });

  it("ends in good order when it is told to", async () => {
    running.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });
});
