import type { Command } from "commander";
import { resolveRunInput } from "../../../src/config/run-input.ts";
import type { RunInput } from "../../../src/config/run-input.ts";
import type { CliIo } from "../cli-io.ts";
import { addRunOptions } from "../run/add-run-options.ts";
import { printDryRun, printProblems } from "../run/print-input.ts";
import type { RunFlags } from "../run/run-flags.ts";
import { runJob } from "../run/run-job.ts";
import { wholeNumber } from "../whole-number.ts";

const EXAMPLE = `
Examples:
  rollyard run -f environment.yaml -f job.yaml
  rollyard run -f environment.yaml -f job.yaml --model-url http://localhost:8000/v1 --model my-policy --out try1
  rollyard run -f environment.yaml -f job.yaml --secret openai/key=env:OPENAI_API_KEY --dry-run

Exit codes: 0 complete; 1 the job failed or left rollouts ungraded; 2 bad input; 130 interrupted.
The same command with the same --out resumes an interrupted run and runs only what is missing.
Ctrl-C, SIGINT or SIGTERM stops it in good order; so does either to its process group, or SIGTERM to npx. A SIGINT to npx alone
does not arrive: npm hands it to a shell that keeps it.
`;

const positive = wholeNumber(1);

/** Adds `rollyard run`: runs a RolloutJob with its Environment on this machine. */
export function registerRun(program: Command, io: CliIo): void {
  const command = program
    .command("run")
    .description("run a RolloutJob with its Environment on this machine")
    .requiredOption("-f, --file <file...>", "YAML or JSON files: Environment, RolloutJob, Secret, ConfigMap")
    .option("--out <dir>", "folder for the results; default runs/<UTC time>, with runs/latest pointing to it")
    .option("--items <n>", "take only the first n items", positive)
    .option("--samples <n>", "rollouts of each item, instead of the job's", positive);
  addRunOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (flags: RunFlags) => {
      const input = await readInput(flags, io);
      if (input === null) io.setExitCode(2);
      else if (flags.dryRun) printDryRun(input, flags.json, io);
      else io.setExitCode(await runJob(input, flags, io));
    });
}

async function readInput(flags: RunFlags, io: CliIo): Promise<RunInput | null> {
  const resolved = await resolveRunInput(flags.file, {
    cwd: io.cwd,
    env: io.env,
    secretFlags: flags.secret,
    overrides: {
      modelURL: flags.modelUrl,
      modelName: flags.model,
      parallelism: flags.parallelism,
      samplesPerItem: flags.samples,
      items: flags.items,
    },
  });
  if (resolved.ok) return resolved.input;
  printProblems(resolved.problems, io);
  return null;
}
