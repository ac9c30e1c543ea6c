import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import { startFineTuningServer } from "../../support/trainer/fine-tuning-server.ts";
import type { FineTuningBehaviour, FineTuningServer } from "../../support/trainer/fine-tuning-server.ts";

const ENVIRONMENT = `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: search, namespace: research}
spec:
  prompt: [{role: user, content: "Where is {{ item.question }}?"}]
  tools:
    - name: find
      description: Finds a text.
      parameters: {type: object, properties: {text: {type: string}}, required: [text]}
      exec: {argv: [grep, -rn, "{{ arguments.text }}", .]}
    - preset: shell
  limits: {maxTurns: 12}
  serve: {requestsPerSecond: 30, authSecret: {name: trainer, key: key}}
  passThreshold: 0.8
  grader: {type: string_check, name: exact, operation: eq, input: "{{ sample.output_text }}", reference: "{{ item.answer }}"}
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "trainer-job-"));
  await writeFile(join(folder, "environment.yaml"), ENVIRONMENT);
  await writeFile(join(folder, "key"), "the-key\n");
  await rows("train.jsonl", 12);
  await rows("validation.jsonl", 10, 100);
});
afterAll(() => rm(folder, { recursive: true }));

const servers: FineTuningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function rows(
  name: string,
  count: number,
  from = 0,
  change: (row: object, at: number) => unknown = (row) => row,
): Promise<void> {
  const lines = Array.from({ length: count }, (_, at) => {
    const made = change({ question: `q${from + at}`, answer: `a${from + at}` }, at);
    return typeof made === "string" ? made : JSON.stringify(made);
  });
  await writeFile(join(folder, name), `${lines.join("\n")}\n`);
}

async function platform(change: Partial<FineTuningBehaviour> = {}): Promise<FineTuningServer> {
  const server = await startFineTuningServer(change);
  servers.push(server);
  return server;
}

function trainer(command: string, ...args: readonly string[]): Promise<CliEnd> {
  const env = { PLATFORM_KEY: "platform-key", OPENAI_API_KEY: "", OPENAI_ORG_ID: "org-of-the-process" };
  return startCli(["trainer", command, ...args], env).ended;
}

const inFolder = (name: string): string => join(folder, name);
const ENV = (): string[] => ["-f", inFolder("environment.yaml"), "--url", "https://rollouts.example.com"];
const KEY = (): string[] => ["--key", `file:${inFolder("key")}`];
const at = ({ baseURL }: FineTuningServer): string[] => [
  "--base-url",
  baseURL,
  "--api-key",
  "env:PLATFORM_KEY",
];
const FILES = (train = "train.jsonl", validation = "validation.jsonl"): string[] => [
  "--train",
  inFolder(train),
  "--validation",
  inFolder(validation),
];
const MODEL = ["--model", "o4-mini-2025-04-16"];

const headers = { Authorization: "Bearer the-key" };
const base = "https://rollouts.example.com/v1/environments/research/search";
const METHOD = {
  tools: [
    { name: "find", server_url: `${base}/tools/find`, headers },
    { name: "shell", server_url: `${base}/tools/shell`, headers },
  ],
  grader: {
    type: "endpoint",
    name: "search",
    url: `${base}/grade`,
    headers,
    rate_limit: 30,
    pass_threshold: 0.8,
  },
  max_episode_steps: 12,
};

describe("rollyard trainer config", () => {
  it("prints the blocks of an environment's file, with the key where it was given", async () => {
    const end = await trainer("config", ...ENV(), ...KEY());
    expect(end).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(end.stdout)).toEqual(METHOD);
  });

  it("says where the key is when it was not given, and what a platform can't reach", async () => {
    const local = ["-f", inFolder("environment.yaml"), "--url", "http://127.0.0.1:8080/"];
    const end = await trainer("config", ...local);
    expect(end.code).toBe(0);
    expect(end.stderr).toContain("127.0.0.1 is an address of this machine");
    expect(end.stderr).toContain("The key is in the Secret research/trainer, key key");
    expect(JSON.parse(end.stdout)).toMatchObject({
      grader: {
        url: "http://127.0.0.1:8080/v1/environments/research/search/grade",
        headers: { Authorization: "Bearer KEY" },
      },
    });
  });
});

describe("rollyard trainer create", () => {
  it("checks and fills the files, uploads them and creates the job", async () => {
    const server = await platform({ asks: 2 });
    const hyper = [
      "--epochs",
      "1",
      "--eval-samples",
      "2",
      "--batch-size",
      "auto",
      "--reasoning-effort",
      "medium",
    ];
    const more = ["--suffix", "s", "--seed", "42", "--metadata", "team=blue", "--max-episode-steps", "8"];
    const end = await trainer(
      "create",
      ...ENV(),
      ...KEY(),
      ...FILES(),
      ...MODEL,
      ...at(server),
      ...hyper,
      ...more,
      "--json",
    );
    expect(end).toMatchObject({ code: 0 });
    expect(end.stderr).toContain("train: 12 rows; messages or tools of 12 come from the environment");
    expect(end.stderr).toContain("validation: uploaded as file-2");
    expect(JSON.parse(end.stdout)).toMatchObject({ id: "ftjob-1", status: "validating_files" });
    expect(server.created).toEqual([
      {
        model: "o4-mini-2025-04-16",
        training_file: "file-1",
        validation_file: "file-2",
        suffix: "s",
        seed: 42,
        metadata: { team: "blue" },
        method: {
          type: "reinforcement",
          reinforcement: {
            ...METHOD,
            max_episode_steps: 8,
            hyperparameters: { n_epochs: 1, batch_size: "auto", eval_samples: 2, reasoning_effort: "medium" },
          },
        },
      },
    ]);
    const [train, validation] = server.files;
    expect([train?.purpose, validation?.purpose]).toEqual(["fine-tune", "fine-tune"]);
    const [first] = (train?.text ?? "").split("\n").map((line) => (line === "" ? null : JSON.parse(line)));
    expect(first).toMatchObject({
      question: "q0",
      answer: "a0",
      messages: [{ role: "user", content: "Where is q0?" }],
      tools: [
        { type: "function", function: { name: "find", description: "Finds a text." } },
        { type: "function", function: { name: "shell" } },
      ],
    });
    expect(server.requests.some(({ headers: sent }) => sent["openai-organization"] !== undefined)).toBe(
      false,
    );
  });

  it("prints the request without its key and sends nothing with --dry-run", async () => {
    const server = await platform();
    const end = await trainer("create", ...ENV(), ...KEY(), ...FILES(), ...MODEL, ...at(server), "--dry-run");
    expect(end.code).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({
      model: "o4-mini-2025-04-16",
      method: { type: "reinforcement" },
    });
    expect(end.stdout).not.toContain("the-key");
    expect(server.requests).toEqual([]);
  });

  it("names each line that can't be used, and uploads nothing", async () => {
    const server = await platform();
    await rows("bad.jsonl", 12, 0, (row, index) => {
      if (index === 1) return "{broken";
      if (index === 3) return ["a list"];
      if (index === 5) return { ...row, answer: undefined };
      if (index === 7) return { ...row, tools: [{ type: "function", function: { name: "fnd" } }] };
      if (index === 9) return { ...row, padding: "x".repeat(1_000_000) };
      return row;
    });
    await rows("few.jsonl", 3, 200);
    const end = await trainer(
      "create",
      ...ENV(),
      ...KEY(),
      ...FILES("bad.jsonl", "few.jsonl"),
      ...MODEL,
      ...at(server),
    );
    expect(end).toMatchObject({ code: 2, stdout: "" });
    const lines = end.stderr.replaceAll(`${folder}/`, "").trimEnd().split("\n");
    expect(lines).toEqual([
      "rollyard: bad.jsonl:2: is not valid JSON",
      "bad.jsonl:4: must be a JSON object",
      'bad.jsonl:6: lacks "item.answer", which spec.grader.reference names',
      'bad.jsonl:8: tools[0] names a tool that the environment does not have; did you mean "find"?',
      expect.stringMatching(/^bad\.jsonl:10: has \d+ bytes; it comes with every call/u),
      "few.jsonl: has 3 rows; Microsoft Foundry takes no fewer than 10",
    ]);
    expect(server.requests).toEqual([]);
  });

  it("says that rows of validation are in training too", async () => {
    await rows("same.jsonl", 10);
    const end = await trainer(
      "create",
      ...ENV(),
      ...KEY(),
      ...FILES("train.jsonl", "same.jsonl"),
      ...MODEL,
      "--dry-run",
    );
    expect(end.stderr).toContain("note: 10 rows of validation are in training too");
  });

  it.each<readonly [string, Partial<FineTuningBehaviour>, number, string]>([
    [
      "a refused job",
      {
        refusal: {
          status: 400,
          error: { message: "Model o4-mini-2025-04-16 is not available for fine-tuning." },
        },
      },
      2,
      "The platform says: 400 Model o4-mini-2025-04-16 is not available for fine-tuning.",
    ],
    [
      "a platform that fails while it creates the job",
      { refusal: { status: 500, error: { message: "The server had an error." } } },
      1,
      "The job may have been created all the same",
    ],
    [
      "a file that the platform can't read",
      { fileEnd: { status: "error", status_details: "line 3 has no messages" } },
      2,
      "The platform can't use environment-train.jsonl: line 3 has no messages.",
    ],
  ])("tells of %s, having asked once", async (_, change, code, sentence) => {
    const server = await platform(change);
    const end = await trainer("create", ...ENV(), ...KEY(), ...FILES(), ...MODEL, ...at(server));
    expect(end).toMatchObject({ code, stdout: "" });
    expect(end.stderr).toContain(sentence);
    expect(server.created.length).toBeLessThanOrEqual(1);
  });

  it("wants a key for the environment, and one for the platform", async () => {
    const server = await platform();
    const keyless = await trainer("create", ...ENV(), ...FILES(), ...MODEL, ...at(server));
    expect(keyless.code).toBe(2);
    expect(keyless.stderr).toContain("The key is in the Secret research/trainer");
    const given = ["--base-url", server.baseURL, "--api-key", "sk-in-the-flag"];
    const shown = await trainer("create", ...ENV(), ...KEY(), ...FILES(), ...MODEL, ...given);
    expect(shown.code).toBe(2);
    expect(shown.stderr).toContain("--api-key must be env:VARIABLE or file:PATH.");
    expect(shown.stderr).not.toContain("sk-in-the-flag");
    const wrong = ["--base-url", server.baseURL, "--api-key", `file:${inFolder("key")}`];
    const refused = await trainer("create", ...ENV(), ...KEY(), ...FILES(), ...MODEL, ...wrong);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("The platform refuses the key: 401 Incorrect API key provided.");
  });
});

describe("rollyard trainer watch", () => {
  it("prints each event once, with its metrics, and the model at the end", async () => {
    const server = await platform({ steps: 5, outages: [503, 429] });
    const end = await trainer("watch", "ftjob-1", ...at(server), "--every", "1");
    expect(end.code).toBe(0);
    expect(end.stdout.trimEnd().split("\n")).toEqual([
      "2023-11-14T22:13:20  Created fine-tuning job: ftjob-1",
      ...[1, 2, 3, 4, 5].map(
        (step) => `2023-11-14T22:13:2${step}  Step ${step}  [step ${step}, train_reward_mean ${0.25 * step}]`,
      ),
      "ftjob-1 has succeeded",
      "model: ft:o4-mini:acme::1",
    ]);
  });

  it("ends with 1 and says why when the job fails", async () => {
    const error = { code: "invalid_grader", message: "The grader endpoint does not answer.", param: null };
    const server = await platform({ steps: 1, jobEnd: { status: "failed", error } });
    const end = await trainer("watch", "ftjob-1", ...at(server), "--every", "1", "--json");
    expect(end.code).toBe(1);
    const last = end.stdout.trimEnd().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ id: "ftjob-1", status: "failed", error });
  });
});

describe("rollyard trainer cancel", () => {
  it("cancels the job", async () => {
    const end = await trainer("cancel", "ftjob-1", ...at(await platform()));
    expect(end).toMatchObject({ code: 0, stdout: "ftjob-1 is cancelled.\n", stderr: "" });
  });

  it("wants to know the platform", async () => {
    const end = await trainer("cancel", "ftjob-1");
    expect(end).toMatchObject({ code: 2, stdout: "" });
    expect(end.stderr).toContain("Give the platform's address: --base-url");
  });
});
