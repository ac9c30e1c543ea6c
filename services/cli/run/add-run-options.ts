import { Option } from "commander";
import type { Command } from "commander";
import { collected } from "../collected.ts";
import { wholeNumber } from "../whole-number.ts";
import { LAUNCHER_CHOICES } from "./run-flags.ts";

/** Adds the options that every command has that runs a job. */
export function addRunOptions(command: Command): Command {
  return command
    .option("--parallelism <n>", "rollouts at once, instead of the job's", wholeNumber(1))
    .option("--model-url <url>", "OpenAI-compatible endpoint, instead of the job's")
    .option("--model <name>", "model name, instead of the job's")
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .addOption(
      new Option("--sandbox <launcher>", "how sandboxes are isolated")
        .choices(LAUNCHER_CHOICES)
        .default("auto"),
    )
    .option("--dry-run", "print the rollouts, and the most tokens and seconds that they may use", false)
    .option("--json", "print the summary (or the dry run) as one JSON object on standard output", false)
    .option("-v, --verbose", "write more into the logs", false);
}
