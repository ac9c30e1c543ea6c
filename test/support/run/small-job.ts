import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { startCli } from "./run-cli.ts";
import type { CliEnd, CliEnv, RunningCli } from "./run-cli.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** A small job in a folder of its own, under which everything of its runs is. */
export interface SmallJob {
  readonly folder: string;
  readonly file: string;
  readonly out: string;
  /** The run folder of `run`. */
  readonly runFolder: string;
  /** Temporary folder of its commands: their sandboxes are here. */
  readonly temporary: string;
  /** Starts `rollyard run` on it. */
  start(flags?: readonly string[], env?: CliEnv): RunningCli;
  run(flags?: readonly string[], env?: CliEnv): Promise<CliEnd>;
  /** The records of a file of the run folder; every line must be whole. */
  records(name: string): Promise<readonly Record<string, unknown>[]>;
  /** The texts that the model was shown in one rollout, tools' outputs among them. */
  shown(itemIndex: number, sampleIndex?: number): Promise<string>;
  edit(change: (text: string) => string): Promise<void>;
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

/** Writes an environment with one `shell` tool over a small corpus, and a job of inline items `canary-item-N`. */
export async function smallJob(options: SmallJobOptions): Promise<SmallJob> {
  const folder = await ownedFolder("rollyard-run-");
  const place = (name: string): string => path.join(folder, name);
  // A sandbox's own user passes through to its workdir.
  await chmod(folder, 0o711);
  await mkdir(place("tmp"), { mode: 0o711 });
  await mkdir(place("corpus"));
  await writeFile(place("corpus/a.txt"), "one\ntwo\n");
  await writeFile(place("job.yaml"), documents(options));
  return new JobFolder(folder);
}

class JobFolder implements SmallJob {
  readonly folder: string;
  readonly file: string;
  readonly out: string;
  readonly runFolder: string;
  readonly temporary: string;

  constructor(folder: string) {
    this.folder = folder;
    this.file = path.join(folder, "job.yaml");
    this.out = path.join(folder, "out");
    this.runFolder = path.join(this.out, "small");
    this.temporary = path.join(folder, "tmp");
  }

  start(flags: readonly string[] = [], env: CliEnv = {}): RunningCli {
    const args = ["run", "-f", this.file, "--out", this.out, ...flags];
    return startCli(args, { TMPDIR: this.temporary, ...env });
  }

  run(flags: readonly string[] = [], env: CliEnv = {}): Promise<CliEnd> {
    return this.start(flags, env).ended;
  }

  async records(name: string): Promise<readonly Record<string, unknown>[]> {
    const text = await readFile(path.join(this.runFolder, name), "utf8");
    const lines = text.split("\n");
    if (lines.pop() !== "") throw new Error(`the last line of ${name} is torn`);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async shown(itemIndex: number, sampleIndex = 0): Promise<string> {
    const suffix = `-${itemIndex}-${sampleIndex}`;
    const found = (await this.records("trajectories.jsonl")).find(({ rollout }) =>
      String(rollout).endsWith(suffix),
    );
    return JSON.stringify(found?.["messages"]);
  }

  async edit(change: (text: string) => string): Promise<void> {
    await writeFile(this.file, change(await readFile(this.file, "utf8")));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

function documents(options: SmallJobOptions): string {
  const { items = 3, samples = 2, parallelism = 4, environment = "", job = "" } = options;
  const rows = Array.from(
    { length: items },
    (_, index) => `{question: "canary-item-${index}.", answer: "done"}`,
  );
  return `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: small}
spec:
  sandbox: {local: ./corpus, startsPerSecond: 200}
  prompt: [{role: user, content: "canary-prompt {{ item.question }}"}]
  tools: [{preset: shell}]
  limits: {maxTurns: 4, toolSeconds: 3, outputBytes: 2000}
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
