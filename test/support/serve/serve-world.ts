import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect } from "vitest";
import { leftoversOf } from "../run/leftovers.ts";
import { nodeCommand, startCli, startProgram } from "../run/run-cli.ts";
import type { RunningCli } from "../run/run-cli.ts";
import { TrainerClient } from "./trainer-client.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** A `rollyard serve` of its own, in a folder under which everything of it is. */
export interface Served {
  readonly folder: string;
  readonly temporary: string;
  /** The run folder. */
  readonly records: string;
  readonly process: RunningCli;
  /** As its standard output says. */
  readonly headers: Readonly<Record<string, string>>;
  readonly grader: string;
  readonly tools: readonly { readonly name: string; readonly server_url: string }[];
  /** Asks it as a hosted trainer does. */
  readonly trainer: TrainerClient;
  /** Lines of a file of the run folder. */
  lines(name: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

/** Another gateway beside it, a process of its own. */
export interface Replica {
  readonly base: string;
  readonly process: RunningCli;
}

/** How another gateway differs. */
export interface ReplicaOptions {
  /** How long it holds a request open, in milliseconds; default as a gateway does. */
  readonly answerWithinMs?: number;
}

/** What of the served environment differs: YAML lines of its spec, and flags. */
export interface ServeOptions {
  readonly spec?: string;
  readonly sandbox?: string;
  /** YAML of its tools; default the shell. */
  readonly tools?: string;
  /** YAML of its grader, in one line; default one that compares the answer. */
  readonly grader?: string;
  /** Files beside the environment's, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Environments of one test file that are served; they end with their test, and must leave nothing behind. */
export interface ServeWorld {
  serve(options?: ServeOptions): Promise<Served>;
  replica(served: Served, options?: ReplicaOptions): Promise<Replica>;
}

const GONE_WITHIN_MS = 60_000;

/** To be called once, at the top of a test file. */
export function serveWorld(): ServeWorld {
  const served: Served[] = [];
  const replicas: Replica[] = [];
  afterEach(async () => {
    for (const { process } of replicas.splice(0)) {
      process.kill("SIGKILL");
      await process.ended;
    }
    for (const each of served.splice(0)) {
      await each.stop();
      await expect.poll(() => leftoversOf(each), { timeout: GONE_WITHIN_MS }).toEqual([]);
      await rm(each.folder, { recursive: true, force: true });
    }
  });
  return {
    serve: async (options = {}) => {
      const started = await startServe(options);
      served.push(started);
      return started;
    },
    replica: async (target, options = {}) => {
      const replica = await startReplica(target, options);
      replicas.push(replica);
      return replica;
    },
  };
}

async function startServe(options: ServeOptions): Promise<Served> {
  const folder = await ownedFolder("rollyard-serve-");
  await chmod(folder, 0o711);
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary, { mode: 0o711 });
  const file = path.join(folder, "environment.yaml");
  await writeFile(file, environmentOf(options));
  for (const [name, text] of Object.entries(options.files ?? {})) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  const args = ["serve", "-f", file, "--out", path.join(folder, "out"), "--json", ...(options.flags ?? [])];
  const process = startCli(args, { TMPDIR: temporary, TRAINER_KEYS: "key-1\nkey-2\n" });
  const [line = ""] = await process.says(/^\{"headers".*\}$/mu);
  const { headers, tools, grader } = JSON.parse(line) as {
    readonly headers: Served["headers"];
    readonly tools: Served["tools"];
    readonly grader: { readonly url: string };
  };
  const records = path.join(folder, "out", "small");
  const trainer = new TrainerClient(headers, [grader.url.replace(/\/grade$/u, "")]);
  return {
    folder,
    temporary,
    records,
    process,
    headers,
    tools,
    grader: grader.url,
    trainer,
    lines: async (name) => {
      const text = await readFile(path.join(records, name), "utf8").catch(() => "");
      return text
        .split("\n")
        .flatMap((each) => (each === "" ? [] : [JSON.parse(each) as Record<string, unknown>]));
    },
    stop: async () => {
      process.kill("SIGTERM");
      await process.ended;
    },
  };
}

async function startReplica(
  { records, grader }: Served,
  { answerWithinMs }: ReplicaOptions,
): Promise<Replica> {
  const join = path.join(records, ".rollyard", "join.json");
  const hold = answerWithinMs === undefined ? [] : ["5000", String(answerWithinMs)];
  const process = startProgram(nodeCommand("test/support/serve/gateway-main.ts", [join, ...hold]));
  const [, port = ""] = await process.says(/"port":(\d+)/u);
  const base = new URL(grader.replace(/\/grade$/u, ""));
  base.port = port;
  return { base: base.href, process };
}

const EXACT =
  '{type: string_check, name: exact, operation: eq, input: "{{ sample.output_text }}", reference: "{{ item.answer }}"}';

function environmentOf({
  spec = "",
  sandbox = "",
  tools = "[{preset: shell}]",
  grader = EXACT,
}: ServeOptions): string {
  return `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: small}
spec:
  sandbox: {${sandbox.includes("startsPerSecond") ? "" : "startsPerSecond: 200, "}${sandbox}}
  prompt: [{role: user, content: "canary-prompt {{ item.question }}"}]
  tools: ${tools}
${spec.includes("limits:") ? "" : "  limits: {toolSeconds: 30}"}
  grader: ${grader}
${spec}
`;
}
