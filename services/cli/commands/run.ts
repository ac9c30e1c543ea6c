import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { formatProblem } from "../../../src/config/problem.ts";
import { resolveRunInput } from "../../../src/config/run-input.ts";
import type { RunInput } from "../../../src/config/run-input.ts";
import { dryRun, dryRunText } from "../run/dry-run.ts";
import type { RunFlags } from "../run/run-flags.ts";
import { runJob } from "../run/run-job.ts";
import type { CliIo } from "../cli-io.ts";

const EXAMPLE = `
Examples:
  rollyard run -f environment.yaml -f job.yaml
  rollyard run -f environment.yaml -f job.yaml --model-url http://localhost:8000/v1 --model my-policy --out try1
  rollyard run -f environment.yaml -f job.yaml --secret openai/key=env:OPENAI_API_KEY --dry-run

Exit codes: 0 complete; 1 the job failed or left rollouts ungraded; 2 bad input; 130 interrupted.
The same command with the same --out resumes an interrupted run and runs only what is missing.
`;

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** Adds `rollyard run`: runs a RolloutJob with its Environment on this machine. */
export function registerRun(program: Command, io: CliIo): void {
  program
    .command("run")
    .description("run a RolloutJob with its Environment on this machine")
    .requiredOption("-f, --file <file...>", "YAML or JSON files: Environment, RolloutJob, Secret, ConfigMap")
    .option("--out <dir>", "folder for the results; default runs/<UTC time>, with runs/latest pointing to it")
    .option("--parallelism <n>", "rollouts at once, instead of the job's", positive)
    .option("--items <n>", "take only the first n items", positive)
    .option("--samples <n>", "rollouts of each item, instead of the job's", positive)
    .option("--model-url <url>", "OpenAI-compatible endpoint, instead of the job's")
    .option("--model <name>", "model name, instead of the job's")
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collect, [])
    .addOption(
      new Option("--sandbox <launcher>", "how sandboxes are isolated")
        .choices(["auto", "docker", "bubblewrap", "process"])
        .default("auto"),
    )
    .option("--dry-run", "print the rollouts, and the most tokens and seconds that they may use", false)
    .option("--json", "print the summary (or the dry run) as one JSON object on standard output", false)
    .option("-v, --verbose", "write more into the logs", false)
    .addHelpText("after", EXAMPLE)
    .action(async (flags: RunFlags) => {
      const input = await readInput(flags, io);
      if (input === null) io.setExitCode(2);
      else if (flags.dryRun) printDryRun(input, flags, io);
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
  const { problems } = resolved;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  io.stderr([...problems.map(formatProblem), `${count}; nothing was started`, ""].join("\n"));
  return null;
}

function printDryRun(input: RunInput, flags: RunFlags, io: CliIo): void {
  const plan = dryRun(input);
  io.stdout(flags.json ? `${JSON.stringify(plan, null, 2)}\n` : dryRunText(input, plan));
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("must be a whole number of at least 1.");
}
