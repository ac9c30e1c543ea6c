import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadDocuments } from "./load-documents.ts";
import type { LoadOptions } from "./load-documents.ts";
import { formatProblem } from "./problem.ts";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-load-"));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const load = async (
  files: Readonly<Record<string, string>>,
  secretFlags: string[] = [],
  more: Partial<LoadOptions> = {},
) => {
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(cwd, name), text)));
  const names = Object.keys(files).filter((name) => /\.(yaml|json)$/.test(name));
  return loadDocuments(names, { cwd, env: { KEY: "CANARY", EMPTY: "" }, secretFlags, ...more });
};

const problemsOf = async (files: Readonly<Record<string, string>>, secretFlags: string[] = []) =>
  (await load(files, secretFlags)).problems.map(formatProblem);

const environment = (spec: string): string => `apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: { name: env }
spec:
  grader: { type: string_check, name: g, operation: eq, input: "{{ sample.output_text }}", reference: "{{ item.answer }}" }
${spec}`;

const job = (spec: string): string => `apiVersion: rollyard.dev/v1alpha1
kind: RolloutJob
metadata: { name: job }
spec:
  environmentRef: { name: env }
${/^ {2}model:/mu.test(spec) ? "" : '  model: { baseURL: "http://127.0.0.1:1/v1", name: m }\n'}${spec}`;

const inNamespace = (text: string, namespace: string): string =>
  text.replace(/^metadata: \{ /mu, `metadata: { namespace: ${namespace}, `);

const inline = '  dataset: { inline: [{ messages: [{ role: user, content: "hi" }], answer: x }] }\n';

describe("loadDocuments", () => {
  it("fills in defaults of valid documents", async () => {
    const { documents, problems } = await load({ "all.yaml": `${environment("")}\n---\n${job(inline)}` });
    expect(problems).toEqual([]);
    expect(documents.jobs[0]?.value.spec).toMatchObject({ parallelism: 16, retry: { maxAttempts: 3 } });
    expect(documents.environments[0]?.value.spec).toMatchObject({
      limits: { maxTurns: 50, outputBytes: 65536 },
      sandbox: { workdir: "/workspace", network: "none" },
    });
  });

  it("tells an unknown field, a wrong type, a missing reference, a duplicate tool and an unknown variable at once", async () => {
    const env = environment(`  sandbox: { imge: x }
  limits: { maxTurns: many }
  prompt:
    - { role: user, content: "{{ itm.question }}" }
  tools:
    - { preset: shell }
    - name: shell
      exec: { argv: [ls] }
`);
    const broken = job(`${inline}  paralellism: 4\n`).replace("name: env", "name: evn");
    expect(await problemsOf({ "env.yaml": env, "job.yaml": broken })).toEqual([
      'env.yaml:6 spec.sandbox.imge: unknown field; did you mean "image"?',
      "env.yaml:7 spec.limits.maxTurns: must be a number",
      'env.yaml:9 spec.prompt[0].content: "{{ itm.question }}" names an unknown variable "itm"; known here: item',
      'env.yaml:12 spec.tools[1]: tool name "shell" is already taken by another tool',
      'job.yaml:5 spec.environmentRef.name: no Environment "evn" is in the given files',
      'job.yaml:8 spec.paralellism: unknown field; did you mean "parallelism"?',
    ]);
  });

  it.each([
    [
      "no tool body",
      "  tools: [{ name: x }]",
      "spec.tools[0]: must have exactly one of exec, http, preset; none is given",
    ],
    [
      "two tool bodies",
      "  tools: [{ name: x, exec: { argv: [ls] }, http: { url: 'http://h/' } }]",
      "spec.tools[0]: must have exactly one of exec, http, preset; exec and http are given",
    ],
    ["a nameless tool", "  tools: [{ exec: { argv: [ls] } }]", "spec.tools[0].name: is required"],
    [
      "a named preset",
      "  tools: [{ name: sh, preset: shell }]",
      "spec.tools[0].name: must not be given: the preset brings its own",
    ],
    [
      "a preset's tool taken again",
      "  tools: [{ preset: files }, { name: read_file, exec: { argv: [ls] } }]",
      'spec.tools[1]: tool name "read_file" is already taken by another tool',
    ],
    [
      "an argument that parameters lack",
      "  tools: [{ name: x, parameters: { type: object, properties: { pattern: {} } }, exec: { argv: [ls, '{{ arguments.patern }}'] } }]",
      'spec.tools[0].exec.argv[1]: "{{ arguments.patern }}" names an argument that `parameters` does not have; did you mean "pattern"?',
    ],
    [
      "the item in a command",
      "  tools: [{ name: x, exec: { argv: [ls, '{{ item.answer }}'] } }]",
      'spec.tools[0].exec.argv[1]: "{{ item.answer }}": a tool sees the item only through exec.env, by named key',
    ],
    [
      "the whole item in a variable",
      "  tools: [{ name: x, exec: { argv: [ls], env: { I: '{{ item }}' } } }]",
      'spec.tools[0].exec.env.I: "{{ item }}" must name a key, such as item.repository',
    ],
    [
      "an invalid JSON schema",
      "  tools: [{ name: x, parameters: { type: object, properties: { a: { type: strin } } }, exec: { argv: [ls] } }]",
      "spec.tools[0].parameters: is not a valid JSON schema",
    ],
    [
      "arguments that are no object",
      "  tools: [{ name: x, parameters: { type: string }, exec: { argv: [ls] } }]",
      'spec.tools[0].parameters.type: must be "object"',
    ],
    [
      "an unclosed template",
      '  prompt: [{ role: user, content: "{{ item.a" }]',
      'spec.prompt[0].content: has "{{" without "}}" after it',
    ],
    [
      "a prompt that ends wrongly",
      "  prompt: [{ role: system, content: x }]",
      "spec.prompt: must end with a message of role user",
    ],
    ["a missing folder", "  sandbox: { local: ./nowhere }", "spec.sandbox.local: is not a folder: /"],
    [
      "requests over limits",
      "  sandbox: { resources: { requests: { memory: 1Gi } } }",
      "spec.sandbox.resources.requests.memory: must not be more than",
    ],
    [
      "a mask that is no expression",
      "  recovery: { mode: replay, ignore: ['[0-9]+', 'took ('] }",
      "spec.recovery.ignore[1]: must be a regular expression",
    ],
  ])("refuses %s", async (_, spec, expected) => {
    const found = await problemsOf({ "env.yaml": environment(`${spec}\n`) });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`env.yaml:6 ${expected}`);
  });

  it.each([
    [
      "no dataset source",
      "  dataset: { limit: 1 }",
      "spec.dataset: must have exactly one of inline, file, url, configMap, blob; none is given",
    ],
    [
      "a url without its digest",
      "  dataset: { url: 'http://h/x' }",
      "spec.dataset.sha256: is required beside `url`",
    ],
    [
      "a missing ConfigMap",
      "  dataset: { configMap: { name: c, key: k } }",
      'spec.dataset.configMap.name: no ConfigMap "c" is in the given files',
    ],
    [
      "indexes that are no ranges",
      `  indexes: a-b\n${inline}`,
      "spec.indexes: must be ranges such as 0-511,600",
    ],
    [
      "a seed for the Responses API",
      `${inline}  model: { baseURL: 'http://h/v1', name: m, api: responses, sampling: { seed: 1 } }`,
      "spec.model.sampling.seed: does not exist in the Responses API; leave it out, or use api: chat",
    ],
    [
      "stop texts for the Responses API",
      `${inline}  model: { baseURL: 'http://h/v1', name: m, api: responses, sampling: { stop: [x] } }`,
      "spec.model.sampling.stop: does not exist in the Responses API; leave it out, or use api: chat",
    ],
    ["a parallelism of zero", `  parallelism: 0\n${inline}`, "spec.parallelism: must be at least 1"],
  ])("refuses %s in a job", async (_, spec, expected) => {
    const found = await problemsOf({ "a.yaml": environment(""), "job.yaml": job(`${spec}\n`) });
    expect(found).toEqual([`job.yaml:7 ${expected}`]);
  });

  it("refuses a URL that holds a password, without repeating it", async () => {
    const text = job(inline).replace("http://127.0.0.1:1/v1", "http://me:CANARY@h/v1");
    expect(await problemsOf({ "a.yaml": environment(""), "job.yaml": text })).toEqual([
      "job.yaml:6 spec.model.baseURL: must not hold a name or password; name a secret instead",
    ]);
  });

  it("names file and line of what is not YAML, and reads on in the other files", async () => {
    const found = await problemsOf({
      "a.yaml": "a: [1\nb: : CANARY\n",
      "b.json": '{\n\t"kind": "Foo",\n\t"x": 1\n}',
    });
    expect(found[0]).toMatch(/^a\.yaml:2: is not valid YAML: /);
    expect(found.at(-1)).toBe(
      "b.json:2 kind: unknown kind; must be one of Environment, RolloutJob, Secret, ConfigMap",
    );
    expect(found.join()).not.toContain("CANARY");
  });

  it("names a file that is not there and a document without a kind", async () => {
    await writeFile(join(cwd, "a.yaml"), "- 1\n---\n---\nname: x\n");
    const { problems } = await loadDocuments(["a.yaml", "b.yaml"], { cwd, env: {} });
    expect(problems.map(formatProblem).toSorted()).toEqual([
      "a.yaml:1 kind: is required: one of Environment, RolloutJob, Secret, ConfigMap",
      "a.yaml:4 kind: is required: one of Environment, RolloutJob, Secret, ConfigMap",
      "b.yaml: no such file",
    ]);
  });

  it("survives aliases that would grow without bound", async () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ..."bcdefghi"
        .split("")
        .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[at]}`).join(",")}]`),
    ];
    expect(await problemsOf({ "a.yaml": bomb.join("\n") })).toEqual([
      "a.yaml: is not usable YAML: its aliases grow without bound",
    ]);
  });

  it("refuses two documents of one kind and name, but takes the same file given twice as one", async () => {
    await writeFile(join(cwd, "a.yaml"), environment(""));
    await writeFile(join(cwd, "b.yaml"), environment(""));
    const twice = await loadDocuments(["a.yaml", "./a.yaml"], { cwd, env: {} });
    expect(twice.problems).toEqual([]);
    const both = await loadDocuments(["a.yaml", "b.yaml"], { cwd, env: {} });
    expect(both.problems.map(formatProblem)).toEqual([
      "b.yaml:3 metadata.name: another Environment of this name is in a.yaml",
    ]);
  });

  it("finds an Environment in the job's own namespace only", async () => {
    const env = environment("");
    const elsewhere = { "a.yaml": inNamespace(env, "other"), "job.yaml": job(inline) };
    expect(await problemsOf(elsewhere)).toEqual([
      'job.yaml:5 spec.environmentRef.name: Environment "env" is in namespace "other", and this RolloutJob in "default"; references reach their own namespace only',
    ]);
    const same = {
      "a.yaml": inNamespace(env, "other"),
      "job.yaml": inNamespace(job(inline), "other"),
    };
    expect(await problemsOf(same)).toEqual([]);
    expect(await problemsOf({ "a.yaml": inNamespace(env, "default"), "job.yaml": job(inline) })).toEqual([]);
  });

  it("takes what kubectl prints: status and the server's metadata", async () => {
    const text = environment("").replace(
      "{ name: env }",
      "{ name: env, namespace: n, uid: u, resourceVersion: '1', generation: 1, managedFields: [] }",
    );
    expect(await problemsOf({ "env.yaml": `${text}status: { ready: 1 }\n` })).toEqual([]);
  });
});

describe("secrets", () => {
  const keyed = job(inline).replace("name: m }", "name: m, apiKeySecret: { name: s, key: k } }");
  const files = { "a.yaml": environment(""), "job.yaml": keyed };
  const secret = (body: string): string => `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\n${body}\n`;

  it("are missing until they are given, and say how to give them", async () => {
    expect(await problemsOf(files)).toEqual([
      "job.yaml:6 spec.model.apiKeySecret: secret s/k was not given; add a Secret document or --secret s/k=env:VARIABLE",
    ]);
  });

  it("are told of once where their file can't be read, or is empty", async () => {
    expect(await problemsOf(files, ["s/k=file:gone.txt"])).toEqual([
      "--secret s/k: its file can't be read (ENOENT)",
    ]);
    expect(await problemsOf(files, ["s/k=env:EMPTY"])).toEqual(["--secret s/k: is empty"]);
  });

  it("are refused where no document names them, and the near one that was given is named", async () => {
    expect(await problemsOf(files, ["s/kk=env:KEY"])).toEqual([
      'job.yaml:6 spec.model.apiKeySecret: secret s/k was not given; add a Secret document or --secret s/k=env:VARIABLE; did you mean "s/kk"?',
      '--secret s/kk: nothing in the given files names this secret; did you mean "s/k"?',
    ]);
  });

  it("are asked for only where what is tried needs them", async () => {
    const tool = (name: string): string =>
      `{ name: ${name}, http: { url: "http://h/", headersSecret: { name: ${name}-s } } }`;
    const given = { ...files, "a.yaml": environment(`  tools: [${tool("one")}, ${tool("two")}]\n`) };
    const asked = async (secretsFor: NonNullable<LoadOptions["secretsFor"]>) =>
      (await load(given, [], { secretsFor })).problems.map(({ path }) => path);
    expect(await asked("none")).toEqual([]);
    expect(await asked({ tool: "two" })).toEqual(["spec.tools[1].http.headersSecret"]);
    expect(await asked({ tool: "three" })).toEqual([]);
    expect(await asked("all")).toEqual([
      "spec.tools[0].http.headersSecret",
      "spec.tools[1].http.headersSecret",
      "spec.model.apiKeySecret",
    ]);
  });

  it.each([
    ["stringData", secret("stringData: { k: CANARY }"), []],
    ["data", secret(`data: { k: ${Buffer.from("CANARY").toString("base64")} }`), []],
    ["an environment variable", "", ["s/k=env:KEY"]],
    ["a file", "", ["s/k=file:key.txt"]],
  ])("come from %s", async (_, document, flags) => {
    const given = document === "" ? files : { ...files, "s.yaml": document };
    const { secrets, problems } = await load({ ...given, "key.txt": "CANARY\n" }, flags);
    expect(problems).toEqual([]);
    expect(secrets.get({ name: "s", key: "k" })?.reveal()).toBe("CANARY");
    expect(JSON.stringify(secrets.all({ name: "s" }))).toBe('{"k":"[redacted]"}');
  });

  it.each([
    ["CANARY", "--secret number 1: must be NAME/KEY=env:VARIABLE or NAME/KEY=file:PATH"],
    ["s/k=CANARY", "--secret number 1: must be NAME/KEY=env:VARIABLE or NAME/KEY=file:PATH"],
    ["s/k=env:NOT_SET", "--secret s/k: its environment variable is not set"],
    ["s/k=env:EMPTY", "--secret s/k: is empty"],
    ["s/k=file:none.txt", "--secret s/k: its file can't be read (ENOENT)"],
  ])("refuse %s without repeating a value", async (flag, expected) => {
    expect(await problemsOf({ "a.yaml": environment("") }, [flag])).toEqual([expected]);
  });

  it("of another namespace are not taken, but those of the command line are", async () => {
    const given = { ...files, "s.yaml": inNamespace(secret("stringData: { k: CANARY }"), "other") };
    expect(await problemsOf(given)).toEqual([
      'job.yaml:6 spec.model.apiKeySecret: Secret "s" is in namespace "other", and this RolloutJob in "default"; references reach their own namespace only',
    ]);
    expect(await problemsOf(given, ["s/k=env:KEY"])).toEqual([]);
  });

  it("that are broken are told once, without their values", async () => {
    const found = await problemsOf({ ...files, "s.yaml": secret("data: { k: '*CANARY*' }") });
    expect(found).toEqual(["s.yaml:4 data.k: must be base64; plain text goes into stringData"]);
  });
});
