import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { REASONING_EFFORTS } from "../../../src/trainer/job/job-request.ts";
import type { AutoNumber, TrainerHyperparameters } from "../../../src/trainer/job/job-request.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { jsonObject } from "../json-flag.ts";
import { wholeNumber } from "../whole-number.ts";

/** What a job is trained with. */
export interface JobFlags {
  readonly model: string;
  readonly suffix?: string;
  readonly seed?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly epochs?: AutoNumber;
  readonly batchSize?: AutoNumber;
  readonly learningRateMultiplier?: AutoNumber;
  readonly computeMultiplier?: AutoNumber;
  readonly evalInterval?: AutoNumber;
  readonly evalSamples?: AutoNumber;
  readonly reasoningEffort?: (typeof REASONING_EFFORTS)[number];
  readonly maxEpisodeSteps?: number;
  readonly extra?: JsonObject;
}

const MAX_METADATA = 16;

/** Adds the options of a job. */
export function addJobOptions(command: Command): Command {
  return command
    .requiredOption("--model <name>", "base model, as o4-mini-2025-04-16")
    .option("--suffix <text>", "part of the new model's name", atMost(64))
    .option("--seed <n>", "seed of the job", wholeNumber(0))
    .option("--metadata <key=value>", "kept with the job; may be repeated", metadata)
    .option("--epochs <n>", "n_epochs", autoNumber)
    .option("--batch-size <n>", "rows of a training step", autoNumber)
    .option("--learning-rate-multiplier <x>", "multiplier or auto", autoNumber)
    .option("--compute-multiplier <x>", "more rollouts per row, or auto", autoNumber)
    .option("--eval-interval <n>", "training steps between evaluations", autoNumber)
    .option("--eval-samples <n>", "rollouts per validation row", autoNumber)
    .addOption(
      new Option("--reasoning-effort <level>", "how long the model thinks").choices(REASONING_EFFORTS),
    )
    .option(
      "--max-episode-steps <n>",
      "most model calls of a rollout; else spec.limits.maxTurns",
      wholeNumber(1),
    )
    .option("--extra <json>", "further fields of the request", jsonObject);
}

/** Those that were given, as the platforms call them. */
export function hyperparametersOf(flags: JobFlags): TrainerHyperparameters {
  const all: Record<keyof TrainerHyperparameters, unknown> = {
    n_epochs: flags.epochs,
    batch_size: flags.batchSize,
    learning_rate_multiplier: flags.learningRateMultiplier,
    compute_multiplier: flags.computeMultiplier,
    eval_interval: flags.evalInterval,
    eval_samples: flags.evalSamples,
    reasoning_effort: flags.reasoningEffort,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function autoNumber(text: string): AutoNumber {
  if (text === "auto") return "auto";
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('must be a number above 0, or "auto".');
}

function atMost(most: number): (text: string) => string {
  return (text) => {
    if (text.length > 0 && text.length <= most) return text;
    throw new InvalidArgumentError(`must have 1 to ${most} characters.`);
  };
}

function metadata(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  const all = { ...before, [key]: value };
  if (at < 1 || key.length > 64 || value.length > 512 || Object.keys(all).length > MAX_METADATA) {
    throw new InvalidArgumentError(
      `must be KEY=VALUE: a key of 64 and a value of 512 characters at most, and at most ${MAX_METADATA} of them.`,
    );
  }
  return all;
}
