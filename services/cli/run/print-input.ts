import { formatProblem } from "../../../src/config/problem.ts";
import type { Problem } from "../../../src/config/problem.ts";
import type { RunInput } from "../../../src/config/run-input.ts";
import type { CliIo } from "../cli-io.ts";
import { dryRun, dryRunText } from "./dry-run.ts";

/** Tells everything that stands against a run. */
export function printProblems(problems: readonly Problem[], io: Pick<CliIo, "stderr">): void {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  io.stderr([...problems.map(formatProblem), `${count}; nothing was started`, ""].join("\n"));
}

/** Tells the most that a run may use, as text or as one JSON object. */
export function printDryRun(input: RunInput, isJson: boolean, io: Pick<CliIo, "stdout">): void {
  const plan = dryRun(input);
  io.stdout(isJson ? `${JSON.stringify(plan, null, 2)}\n` : dryRunText(input, plan));
}
