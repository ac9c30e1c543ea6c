import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** How a command ended. */
export interface CliEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly ended: Promise<CliEnd>;
  /** Resolves once standard error holds the text. Rejects when the command ends before. */
  says(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the real command line. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
  const bin = path.join(ROOT, ".cache", "bin");
  // Tests stand where main.ts would be: they hand the environment on.
  const inherited = globalThis.process.env;
  const child = spawn(globalThis.process.execPath, [path.join(ROOT, "services/cli/main.ts"), ...args], {
    cwd: ROOT,
    env: {
      ...inherited,
      ROLLYARD_NATS_SERVER: inherited["ROLLYARD_NATS_SERVER"] ?? path.join(bin, "nats-server"),
      ROLLYARD_SANDBOXD: inherited["ROLLYARD_SANDBOXD"] ?? path.join(bin, "sandboxd"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.stderr += text;
    for (const look of waiting) look();
  });
  const ended = new Promise<CliEnd>((resolve) => {
    child.on("close", (code) => resolve({ code, ...texts }));
  });
  return {
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (texts.stderr.includes(text)) resolve();
        };
        waiting.add(look);
        look();
        void ended.then((end) =>
          reject(new Error(`ended with ${end.code} before it said "${text}": ${end.stderr}`)),
        );
      }),
    kill: (signal) => void child.kill(signal),
  };
}

/** Runs a command to its end. */
export function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliEnd> {
  return startCli(args, env).ended;
}

/** A small job in a folder of its own. */
export interface SmallJob {
  readonly folder: string;
  readonly file: string;
  readonly out: string;
  /** The records of a file of the run folder; every line must be whole. */
  records(name: string): Promise<readonly Record<string, unknown>[]>;
  remove(): Promise<void>;
}

/** What of the small job differs. */
export interface SmallJobOptions {
  readonly baseURL: string;
  readonly items?: number;
  readonly samples?: number;
  readonly parallelism?: number;
  /** YAML lines put into the environment's spec. */
  readonly environment?: string;
  /** YAML lines put into the job's spec. */
  readonly job?: string;
}

/** Writes an environment with one `shell` tool over a small corpus, and a job of inline items. */
export async function smallJob(options: SmallJobOptions): Promise<SmallJob> {
  const folder = await mkdtemp(path.join(tmpdir(), "rollyard-run-"));
  await mkdir(path.join(folder, "corpus"));
  await writeFile(path.join(folder, "corpus", "a.txt"), "one\ntwo\n");
  const file = path.join(folder, "job.yaml");
  await writeFile(file, documents(options));
  const out = path.join(folder, "out");
  return {
    folder,
    file,
    out,
    records: async (name) => {
      const text = await readFile(path.join(out, "small", name), "utf8");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function documents(options: SmallJobOptions): string {
  const { items = 3, samples = 2, parallelism = 4, environment = "", job = "" } = options;
  const rows = Array.from(
    { length: items },
    (_, index) => `{question: "canary-item-${index}", answer: "done"}`,
  );
  return `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: small}
spec:
  sandbox: {local: ./corpus, startsPerSecond: 200}
  prompt: [{role: user, content: "canary-prompt {{ item.question }}"}]
  tools: [{preset: shell}]
  limits: {maxTurns: 4, toolSeconds: 5, outputBytes: 2000}
  grader: {type: string_check, name: exact, operation: eq, input: "{{ sample.output_text }}", reference: "{{ item.answer }}"}
${environment}
---
apiVersion: rollyard.dev/v1alpha1
kind: RolloutJob
metadata: {name: small}
spec:
  environmentRef: {name: small}
  dataset: {inline: [${rows.join(", ")}]}
  samplesPerItem: ${samples}
  parallelism: ${parallelism}
  model: {baseURL: "${options.baseURL}", name: mock}
${job}
`;
}
