import { randomUUID } from "node:crypto";
import { Option } from "commander";
import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import { httpUrlSchema } from "../../../src/lib/schema/http-url.ts";
import { runSimulation } from "../../../src/trainer/simulation/run-simulation.ts";
import type { SimulationSummary } from "../../../src/trainer/simulation/run-simulation.ts";
import { SHELL_AUDIT, SHELL_CALL } from "../../../src/trainer/simulation/simulation-target.ts";
import type {
  ReplicaEndpoints,
  ScoreRule,
  SimulationTarget,
} from "../../../src/trainer/simulation/simulation-target.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { wholeNumber } from "../whole-number.ts";
import { HEADER_FLAG } from "./header-flags.ts";
import { readTarget } from "./served-target.ts";
import type { TargetFlags } from "./served-target.ts";
import { verdictText, whyNotKept } from "./simulation-verdict.ts";
import { withoutKeys } from "./without-keys.ts";
import { readLeased, waitForLeases } from "./watch-leases.ts";

interface SimulateFlags extends TargetFlags {
  readonly replica: readonly string[];
  readonly traces: number;
  readonly step: number;
  readonly rows: number;
  readonly seed: number;
  readonly call: string;
  readonly audit: string;
  readonly score: ScoreRule;
  readonly timeout: number;
  readonly retryMs: number;
  readonly discarded: number;
  readonly metrics: readonly string[];
  readonly settle: number;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard serve -f environment.yaml --json > served.json &
  rollyard trainer simulate --target served.json --traces 2000 --seed 1
  rollyard trainer simulate --target served.json --replica http://10.0.0.7:8080 --replica http://10.0.0.8:8080 \\
      --discarded 20 --metrics http://10.0.0.9:9090/metrics --settle 120 --json

Plays a hosted trainer: steps of rollouts that begin at once, parallel calls, mistakes of a model, answers that get lost,
retries after 5xx and silence (three, as the platforms do), calls sent twice, rollouts thrown away, calls after the grade.
Each command leaves a mark in its sandbox; before the grade call all marks are read: so a command that ran twice, or
elsewhere, or in a foreign sandbox is seen, and each score is compared with the one that the rollout has earned. The tool has
to run shell commands, as preset: shell does; for any other give --call and --audit; the environment has to score 1 when
sample.output_text is item.answer and else 0 (--score says otherwise). --metrics: the pages that tell how many sandboxes are
leased; those that stay leased are counted as leaked after --settle seconds, for which the environment's idleSeconds have to
be over. A --target that is still empty is waited for, a minute at most.
The rollouts follow from the seed; the times don't.

Exit codes: 0 every promise was kept; 1 one was broken, a sandbox leaked, or more than --discarded rollouts were discarded;
2 bad input; 130 interrupted.
`;

/** Adds `rollyard trainer simulate`. */
export function addSimulate(trainer: Command, io: CliIo): void {
  trainer
    .command("simulate")
    .description("play a hosted trainer that retries, doubles, loses and throws away; find broken promises")
    .option("--tools <url>", "server_url of the tool")
    .option("--grader <url>", "url of the grader")
    .option("--target <file>", "instead of both: the line that rollyard serve --json prints; waited for")
    .option("--tool <name>", "name of the tool; else the end of its URL, or the first of --target")
    .option(
      HEADER_FLAG,
      "sent with every call; VALUE may end in env:VAR or file:PATH; may be repeated",
      collected,
      [],
    )
    .option(
      "--replica <url>",
      "address of one replica, instead of the one of the endpoints; may be repeated",
      collected,
      [],
    )
    .option("--traces <n>", "rollouts", wholeNumber(1), 200)
    .option("--step <n>", "rollouts that begin at once", wholeNumber(1), 50)
    .option("--rows <n>", "rows of the dataset", wholeNumber(1), 20)
    .option("--seed <n>", "seed of the rollouts", wholeNumber(0), 1)
    .option("--call <json>", "arguments of a command that notes {{mark}} in its sandbox", SHELL_CALL)
    .option("--audit <json>", "arguments of a command that prints all marks, one a line", SHELL_AUDIT)
    .addOption(
      new Option("--score <rule>", "how the environment scores")
        .choices(["answer", "answer-and-calls"] satisfies ScoreRule[])
        .default("answer"),
    )
    .option("--timeout <seconds>", "longest wait for an answer", wholeNumber(1), 600)
    .option("--retry-ms <ms>", "wait before the first retry; doubled each time", wholeNumber(0), 500)
    .option("--discarded <n>", "rollouts that may be discarded", wholeNumber(0), 0)
    .option("--metrics <url>", "metrics page that counts sandboxes; may be repeated", collected, [])
    .option("--settle <seconds>", "longest wait until sandboxes are free again", wholeNumber(0), 60)
    .option("--json", "print one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action((flags: SimulateFlags) => simulate(flags, io));
}

async function simulate(flags: SimulateFlags, io: CliIo): Promise<void> {
  const target = await targetOf(flags, io);
  const { metrics, settle } = flags;
  const before = metrics.length === 0 ? 0 : await readLeased(metrics);
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const summary = await play(target, flags, { io, signal: stop.signal });
  const isStopped = stop.signal.aborted;
  const isWatched = metrics.length > 0 && !isStopped;
  const leaked = isWatched ? await waitForLeases(metrics, { before, seconds: settle }) : null;
  process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  const reasons = whyNotKept(summary, leaked, flags.discarded);
  const isKept = reasons.length === 0;
  const told = { ...summary, leakedSandboxes: leaked, kept: isKept };
  const verdict = isStopped ? "interrupted\n" : verdictText(summary, reasons);
  const text = flags.json ? `${jsonText(told, 2)}\n` : `${summaryText(summary, leaked)}${verdict}`;
  io.stdout(withoutKeys(target.headers)(text));
  io.setExitCode(isStopped ? 130 : Number(!isKept));
}

async function play(
  target: SimulationTarget,
  flags: SimulateFlags,
  { io, signal }: { readonly io: CliIo; readonly signal: AbortSignal },
): Promise<SimulationSummary> {
  const caller = new UndiciEndpointCaller();
  const { traces, step, rows, seed } = flags;
  try {
    return await runSimulation(target, {
      caller,
      signal,
      traces,
      stepSize: step,
      rows,
      seed,
      runId: randomUUID(),
      printsMarks: target.callJson === SHELL_CALL,
      onStep: (summary) => io.stderr(`${progressText(summary, traces)}\n`),
    });
  } finally {
    await caller.close();
  }
}

async function targetOf(flags: SimulateFlags, io: CliIo): Promise<SimulationTarget> {
  const { toolUrl, graderUrl, toolName, headers } = await readTarget(flags, io);
  for (const [name, text] of [
    ["--call", flags.call],
    ["--audit", flags.audit],
  ] as const) {
    if (!isJson(text)) throw new RollyardError("bad_input", { message: `${name} must be JSON text.` });
  }
  const addresses = flags.replica.map((address) => ({
    toolUrl: moved(toolUrl, address),
    graderUrl: moved(graderUrl, address),
  }));
  return {
    replicas: addresses.length === 0 ? [{ toolUrl, graderUrl }] : addresses,
    headers,
    toolName,
    callJson: flags.call,
    auditJson: flags.audit,
    scoreRule: flags.score,
    timeoutMs: flags.timeout * 1000,
    retryMs: flags.retryMs,
  };
}

/** The same path at another address. */
function moved(url: string, address: string): ReplicaEndpoints["toolUrl"] {
  if (!httpUrlSchema.safeParse(address).success) {
    throw new RollyardError("bad_input", { message: "--replica must be an http:// or https:// URL." });
  }
  const { pathname, search } = new URL(url);
  return new URL(`${pathname}${search}`, address).href;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function progressText({ traces, ends, violations, seconds }: SimulationSummary, of: number): string {
  const broken = Object.values(violations).reduce((sum, count) => sum + count, 0);
  return `${traces} of ${of}: ${ends.graded} graded, ${ends.abandoned} thrown away, ${ends.discarded} discarded, ${countText(broken, "broken promise")}, ${seconds} s`;
}

function summaryText(summary: SimulationSummary, leaked: number | null): string {
  const { line, toolMs, gradeMs, calls, seconds, violations, examples, traces } = summary;
  const { requests, retries, lostAnswers, serverErrors, silences } = line;
  const times = ({ p50, p99, max }: typeof toolMs): string =>
    `median ${p50} ms, p99 ${p99} ms, slowest ${max} ms`;
  const kinds = Object.entries(violations).map(([kind, count]) => `  ${kind}: ${count}\n`);
  const shown = examples.map(
    ({ kind, traceId, evidence }) => `  ${kind}  ${traceId}  ${printable(evidence)}\n`,
  );
  return [
    `${progressText(summary, traces)}, seed ${summary.seed}\n`,
    `${calls} tool calls by ${requests} requests (${Math.round(requests / Math.max(seconds, 0.1))}/s)\n`,
    `${retries} retries: ${lostAnswers} lost answers, ${serverErrors} times 5xx, ${silences} times silence\n`,
    `tools: ${times(toolMs)}\ngrader: ${times(gradeMs)}\n`,
    ...(leaked === null ? [] : [`leaked sandboxes: ${leaked}\n`]),
    ...(kinds.length === 0 ? [] : ["broken promises:\n", ...kinds, ...shown]),
  ].join("");
}
