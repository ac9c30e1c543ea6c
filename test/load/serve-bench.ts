import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { startCli } from "../support/run/run-cli.ts";
import { TrainerClient } from "../support/serve/trainer-client.ts";

// What a gateway adds to a call and a grade of a hosted trainer, at a steady rate; and how it takes many new traces at once, without
// sandboxes and with one for each. The tool is a remote one that answers at once, so that what is measured is ours. On one machine
// with everything: gateway, NATS, grader, sandboxes, and who asks. A grade waits for the disk twice (ADR 0033), which is not the
// gateway's: with TMPDIR on a memory disk it waits for none, as on a cluster.

const RATE = Number(process.argv[2] ?? 50);
const SECONDS = Number(process.argv[3] ?? 30);
const BURST = Number(process.argv[4] ?? 500);
const SANDBOXES = Number(process.argv[5] ?? 500);

const tool = createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ output: "ok" }));
  });
});
await new Promise<void>((resolve) => void tool.listen(0, "127.0.0.1", resolve));
const { port } = tool.address() as AddressInfo;
const remoteTool = `{name: remote, description: answers, parameters: {type: object}, http: {url: "http://127.0.0.1:${port}/"}}`;
if (RATE * SECONDS + BURST > 0) await served(`[${remoteTool}]`, withoutSandboxes);
if (SANDBOXES > 0) await served("[{preset: shell}]", withSandboxes);
tool.close();

async function withoutSandboxes(trainer: TrainerClient): Promise<void> {
  const remote = (trace: string, call: string) =>
    trainer.call({ trace, call, tool: "remote", arguments: {} });
  await steady("warm-up: tool calls", 10, 5, (index) => remote(`warm_${index}`, "1"));
  await steady("warm-up: grades", 10, 5, (index) => trainer.grade(`warm_${index}`));
  await steady("tool calls, each of a new trace", RATE, SECONDS, (index) => remote(`new_${index}`, "1"));
  await steady("tool calls of these traces", RATE, SECONDS, (index) => remote(`new_${index}`, "2"));
  await steady("grades of these traces", RATE, SECONDS, (index) => trainer.grade(`new_${index}`));
  await burst(`${BURST} new traces at once`, BURST, (index) => remote(`burst_${index}`, "1"));
}

async function withSandboxes(trainer: TrainerClient): Promise<void> {
  const shell = (index: number, call: string) =>
    trainer.call({ trace: `burst_${index}`, call, command: "echo ran >> log; cat log" });
  await burst(`${SANDBOXES} new traces at once, a sandbox each`, SANDBOXES, (index) => shell(index, "1"));
  await burst("a second call of all of them at once", SANDBOXES, (index) => shell(index, "2"));
  await burst("the grades of all of them at once", SANDBOXES, (index) => trainer.grade(`burst_${index}`));
}

/** Serves an environment with these tools for as long as it is measured. */
async function served(tools: string, measure: (trainer: TrainerClient) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "rollyard-bench-serve-"));
  const file = path.join(folder, "environment.yaml");
  await writeFile(file, environment(tools));
  const serving = startCli(["serve", "-f", file, "--out", path.join(folder, "out"), "--json"]);
  const [line = ""] = await serving.says(/^\{"headers".*\}$/mu);
  const { headers, grader } = JSON.parse(line) as {
    readonly headers: Record<string, string>;
    readonly grader: { readonly url: string };
  };
  await measure(new TrainerClient(headers, [grader.url.replace(/\/grade$/u, "")]));
  serving.kill("SIGTERM");
  await serving.ended;
  await rm(folder, { recursive: true, force: true });
}

interface Timed {
  readonly ms: number;
  readonly status: number;
}

async function timed(ask: () => Promise<{ readonly status: number }>): Promise<Timed> {
  const began = performance.now();
  const { status } = await ask();
  return { ms: performance.now() - began, status };
}

/** Asks at a rate, whether or not answers have come. */
async function steady(
  title: string,
  rate: number,
  seconds: number,
  ask: (index: number) => Promise<{ readonly status: number }>,
): Promise<void> {
  const asked: Promise<Timed>[] = [];
  const began = performance.now();
  for (let index = 0; index < rate * seconds; index += 1) {
    const dueMs = (index * 1000) / rate - (performance.now() - began);
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    asked.push(timed(() => ask(index)));
  }
  report(`${title}, ${rate}/s for ${seconds} s`, await Promise.all(asked));
}

async function burst(
  title: string,
  count: number,
  ask: (index: number) => Promise<{ readonly status: number }>,
): Promise<void> {
  if (count === 0) return;
  const startedMs = performance.now();
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => timed(() => ask(index))));
  report(`${title}, all answered after ${Math.round(performance.now() - startedMs)} ms`, answers);
}

function report(title: string, answers: readonly Timed[]): void {
  const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  const failed = answers.filter(({ status }) => status !== 200).length;
  process.stdout.write(
    `${title}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, not 200: ${failed}\n`,
  );
}

function environment(tools: string): string {
  return `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: bench}
spec:
  sandbox: {startsPerSecond: 200}
  tools: ${tools}
  grader: {type: string_check, name: exact, operation: eq, input: "{{ sample.output_text }}", reference: "{{ item.answer }}"}
  serve: {requestsPerSecond: 1000}
`;
}
