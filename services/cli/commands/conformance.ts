import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { didYouMean } from "../../../src/lib/nearest-name.ts";
import type { CheckResult, ConformanceCheck, Verdict } from "../../../src/trainer/conformance/check.ts";
import type { ConformanceTarget } from "../../../src/trainer/conformance/conformance-target.ts";
import { CONFORMANCE_CHECKS, runConformance } from "../../../src/trainer/conformance/run-conformance.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { jsonObject } from "../json-flag.ts";
import { HEADER_FLAG } from "../trainer/header-flags.ts";
import { withoutKeys } from "../trainer/without-keys.ts";
import { readTarget } from "../trainer/served-target.ts";
import type { TargetFlags } from "../trainer/served-target.ts";
import { wholeNumber } from "../whole-number.ts";

interface ConformanceFlags extends TargetFlags {
  readonly arguments: JsonObject;
  readonly item: JsonObject;
  readonly counting: boolean;
  readonly burst: number;
  readonly timeout: number;
  readonly only: readonly string[];
  readonly list: boolean;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard conformance --tools https://tools.example.com/search --grader https://tools.example.com/grade \\
      --header "Authorization: Bearer env:TOOLS_KEY" --arguments '{"query": "x"}'
  rollyard serve -f environment.yaml --json > served.json &
  rollyard conformance --target served.json --tool shell --counting \\
      --arguments '{"command": "echo x >> n; wc -l < n"}'
  rollyard conformance --list

Tries any tool server and grader against the contract of agent reinforcement fine-tuning, as a hosted trainer would call
them, one named rule after the other. It sends real calls: about 60 and the bursts, each of a trace of its own.
That a repeated call does not run again can only be proved with a call whose output says how often it ran in its trace
and nothing else; give such a one with --counting. A --target that is still empty is waited for, a minute at most.

Verdicts: pass; warn (allowed, but a trainer fares better otherwise); fail; unproven (see --counting); skipped.
Exit codes: 0 no rule failed; 1 a rule failed; 2 bad input.
`;

/** Adds `rollyard conformance`: each rule of the trainers' contract as a check with a verdict. */
export function registerConformance(program: Command, io: CliIo): void {
  program
    .command("conformance")
    .description("try a tool server and a grader against the contract of hosted trainers, rule by rule")
    .option("--tools <url>", "server_url of a tool")
    .option("--grader <url>", "url of the grader")
    .option("--target <file>", "instead of both: the line that rollyard serve --json prints; waited for")
    .option("--tool <name>", "name of the tool; else the end of its URL, or the first of --target")
    .option(
      HEADER_FLAG,
      "sent with every call; VALUE may end in env:VAR or file:PATH; may be repeated",
      collected,
      [],
    )
    .option("--arguments <json>", "arguments that the tool takes", jsonObject, {})
    .option("--item <json>", "a row of the dataset", jsonObject, {})
    .option("--counting", "the call's output says how often it ran in its trace, and nothing else", false)
    .option("--burst <n>", "traces of the bursts; 0 leaves them out", wholeNumber(0), 50)
    .option("--timeout <seconds>", "longest wait for an answer", wholeNumber(1), 60)
    .option("--only <check>", "only this check; may be repeated", collected, [])
    .option("--list", "print the rules and send nothing", false)
    .option("--json", "print one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (flags: ConformanceFlags) => {
      const checks = chosen(flags.only);
      if (flags.list) return io.stdout(listText(checks, flags.json));
      const target = await targetOf(flags, io);
      const hide = withoutKeys(target.headers);
      const onResult = flags.json ? undefined : (result: CheckResult) => io.stdout(hide(lineOf(result)));
      const results = await tryTarget(target, checks, onResult);
      const isFailed = results.some(({ verdict }) => verdict === "fail");
      const { toolUrl, graderUrl } = target;
      const told = {
        tools: toolUrl,
        grader: graderUrl,
        conforms: !isFailed,
        counts: counts(results),
        results,
      };
      io.stdout(flags.json ? `${hide(jsonText(told, 2))}\n` : summaryText(results));
      io.setExitCode(isFailed ? 1 : 0);
    });
}

async function targetOf(flags: ConformanceFlags, io: CliIo): Promise<ConformanceTarget> {
  const { item, counting, burst, timeout } = flags;
  return {
    ...(await readTarget(flags, io)),
    argumentsJson: JSON.stringify(flags.arguments),
    item,
    isCounting: counting,
    burst,
    timeoutMs: timeout * 1000,
  };
}

async function tryTarget(
  target: ConformanceTarget,
  checks: readonly ConformanceCheck[],
  onResult: ((result: CheckResult) => void) | undefined,
): Promise<readonly CheckResult[]> {
  const caller = new UndiciEndpointCaller();
  try {
    const signal = new AbortController().signal;
    return await runConformance(target, { caller, signal, checks, ...(onResult && { onResult }) });
  } finally {
    await caller.close();
  }
}

function chosen(only: readonly string[]): readonly ConformanceCheck[] {
  const names = CONFORMANCE_CHECKS.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, names) || "; rollyard conformance --list shows them.";
    throw new RollyardError("bad_input", { message: `--only: there is no check ${unknown}${hint}` });
  }
  return only.length === 0
    ? CONFORMANCE_CHECKS
    : CONFORMANCE_CHECKS.filter(({ name }) => only.includes(name));
}

const WIDTH = Math.max(...CONFORMANCE_CHECKS.map(({ name }) => name.length));

function lineOf({ verdict, check, rule, evidence }: CheckResult): string {
  const line = `${verdict.padEnd(8)}  ${check.padEnd(WIDTH)}  ${printable(evidence)}\n`;
  return verdict === "fail" || verdict === "warn" ? `${line}${" ".repeat(10)}→ ${rule}\n` : line;
}

function summaryText(results: readonly CheckResult[]): string {
  const parts = Object.entries(counts(results)).map(([verdict, count]) => `${count} ${verdict}`);
  const failed = results.filter(({ verdict }) => verdict === "fail");
  return [
    `\n${countText(results.length, "check")}: ${parts.join(", ")}.\n`,
    ...(failed.length === 0 ? [] : [`Exit code 1: ${countText(failed.length, "rule")} failed.\n`]),
    ...(failed.some(({ evidence }) => evidence.includes("template_error")) ? [ITEM_HINT] : []),
  ].join("");
}

const ITEM_HINT =
  "A template names something that the row lacks: give a row as your dataset has it by --item '{…}'.\n";

function counts(results: readonly CheckResult[]): Partial<Record<Verdict, number>> {
  const told: Partial<Record<Verdict, number>> = {};
  for (const { verdict } of results) told[verdict] = (told[verdict] ?? 0) + 1;
  return told;
}

function listText(checks: readonly ConformanceCheck[], isJson: boolean): string {
  if (isJson)
    return `${jsonText(
      checks.map(({ name, rule, basis }) => ({ check: name, rule, basis })),
      2,
    )}\n`;
  return checks
    .map(({ name, basis, rule }) => `${name.padEnd(WIDTH)}  ${basis.padEnd(10)}  ${rule}\n`)
    .join("");
}
