import { findPrograms } from "../../services/cli/find-programs.ts";
import { Closers } from "./bench/closers.ts";
import type { Figures } from "./bench/figures.ts";
import type { Scenario } from "./bench/load.ts";
import { thisMachine } from "./bench/machine.ts";
import { measureBare } from "./bench/measure-bare.ts";
import { measureRollyard } from "./bench/measure-rollyard.ts";
import { readOptions, USAGE } from "./bench/options.ts";
import type { BenchOptions } from "./bench/options.ts";
import { report } from "./bench/report.ts";

// `npm run bench`: what a turn costs, side by side with a bare loop. docs/benchmarks.md says what is measured and how.

const closers = new Closers();
let interruptedBy: number | null = null;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    interruptedBy ??= code;
    void closers.interrupt();
  });
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = readOptions(args);
  if (typeof options === "string") {
    process.stderr.write(`bench: ${options}\n\n${USAGE}`);
    return 2;
  }
  const machine = thisMachine();
  const runs = await measureAll(options);
  process.stdout.write(
    options.isJson ? `${JSON.stringify({ machine, runs }, null, 2)}\n` : report(machine, runs),
  );
  return runs.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

async function measureAll(options: BenchOptions): Promise<readonly Figures[]> {
  const runs: Figures[] = [];
  for (let round = 0; round < options.repeat; round += 1) {
    for (const scenario of options.scenarios) {
      process.stderr.write(`• ${scenario}, run ${round + 1} of ${options.repeat} …\n`);
      try {
        runs.push(await measure(scenario, options));
      } finally {
        await closers.closeAll();
      }
    }
  }
  return runs;
}

async function measure(scenario: Scenario, options: BenchOptions): Promise<Figures> {
  if (scenario === "bare") return measureBare(options.load, closers);
  const programs = await findPrograms(process.env);
  const { rates, profileFolder } = options;
  return measureRollyard(options.load, { scenario, ...programs, rates, profileFolder }, closers);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What an interrupt tears down fails, which says nothing.
  if (interruptedBy === null)
    process.stderr.write(`bench: ${error instanceof Error ? error.message : "failed"}\n`);
  process.exitCode = interruptedBy ?? 1;
}
