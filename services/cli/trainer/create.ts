import { resolve } from "node:path";
import type { Command } from "commander";
import { formatProblem } from "../../../src/config/problem.ts";
import type { Problem } from "../../../src/config/problem.ts";
import { readTrainingFile } from "../../../src/config/training-file.ts";
import type { TrainingFile } from "../../../src/config/training-file.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { FineTuningClient } from "../../../src/trainer-http/fine-tuning-client.ts";
import { jobRequest } from "../../../src/trainer/job/job-request.ts";
import type { JobRequest } from "../../../src/trainer/job/job-request.ts";
import type { NamedEnvironment } from "../../../src/trainer/job/trainer-method.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import type { CliIo } from "../cli-io.ts";
import { addJobOptions, hyperparametersOf } from "./job-flags.ts";
import type { JobFlags } from "./job-flags.ts";
import {
  addEnvironmentOptions,
  addressDoubt,
  keyPlace,
  methodOf,
  namedEnvironment,
} from "./named-environment.ts";
import type { EnvironmentFlags } from "./named-environment.ts";
import { addPlatformOptions, platformOf, WHICH_PLATFORM } from "./platform-flags.ts";
import type { PlatformFlags } from "./platform-flags.ts";
import { followJob } from "./watch.ts";

interface CreateFlags extends EnvironmentFlags, PlatformFlags, JobFlags {
  readonly env?: string;
  readonly train: string;
  readonly validation: string;
  readonly dryRun: boolean;
  readonly watch: boolean;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard trainer create --env repo-search --url https://rollouts.example.com --key file:key.txt \\
      --train train.jsonl --validation validation.jsonl --model o4-mini-2025-04-16 \\
      --base-url https://RESOURCE.openai.azure.com/openai/v1 --api-key env:AZURE_OPENAI_API_KEY --watch
  rollyard trainer create -f environment.yaml --url https://rollouts.example.com --key env:KEY --dry-run \\
      --train train.jsonl --validation validation.jsonl --model o4-mini-2025-04-16

Checks both files against the environment, uploads them and creates the job. A row without messages gets those of spec.prompt,
one without tools the environment's: the platform takes both from the row. --dry-run checks, prints the request and sends
nothing.

${WHICH_PLATFORM}
Exit codes: 0 created (with --watch: it succeeded); 1 the platform does not answer (with --watch: or it failed); 2 bad input.
`;

const MAX_ROWS = { train: 50_000, validation: 1000 } as const;

/** Adds `rollyard trainer create`. */
export function addCreate(trainer: Command, io: CliIo): void {
  const command = trainer
    .command("create")
    .description("create a fine-tuning job on a platform that trains on an Environment")
    .option("--env <name>", "name of an Environment of a cluster")
    .requiredOption("--train <file>", "JSONL with the rows of training")
    .requiredOption("--validation <file>", "JSONL with the rows of validation");
  addPlatformOptions(addJobOptions(addEnvironmentOptions(command)))
    .option("--dry-run", "check, print the request and send nothing", false)
    .option("-w, --watch", "then follow the job to its end", false)
    .option("--json", "print the job as one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action((flags: CreateFlags) => create(flags, io));
}

async function create(flags: CreateFlags, io: CliIo): Promise<void> {
  const environment = await namedEnvironment(flags.env, flags, io);
  const request = await requestOf(environment, flags, io);
  const files = await readFiles(environment, flags, io);
  if (flags.dryRun) return io.stdout(`${jsonText(withoutKeys(request), 2)}\n`);
  const platform = await platformOf(flags, io);
  const uploaded = await uploadFiles(platform, files, { flags, io });
  const job = await platform.createJob(request, uploaded);
  io.stdout(
    flags.json
      ? `${jsonText(job)}\n`
      : `${job.id} is ${job.status}. Follow it with: ${io.command} trainer watch ${job.id}\n`,
  );
  if (flags.watch) io.setExitCode(await followJob(platform, { id: job.id, json: flags.json }, io));
}

async function requestOf(environment: NamedEnvironment, flags: CreateFlags, io: CliIo): Promise<JobRequest> {
  const { method, hasKey } = await methodOf(environment, flags, io);
  if (!hasKey && !flags.dryRun) throw new RollyardError("bad_input", { message: keyPlace(environment) });
  const doubt = addressDoubt(flags.url ?? "");
  if (doubt !== null) io.stderr(`note: ${doubt}\n`);
  const { model, suffix, seed, metadata, maxEpisodeSteps, extra } = flags;
  return jobRequest({
    model,
    method,
    hyperparameters: hyperparametersOf(flags),
    ...(maxEpisodeSteps === undefined ? {} : { maxEpisodeSteps }),
    ...(suffix === undefined ? {} : { suffix }),
    ...(seed === undefined ? {} : { seed }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(extra === undefined ? {} : { extra }),
  });
}

interface Files {
  readonly train: TrainingFile;
  readonly validation: TrainingFile;
}

async function readFiles({ spec }: NamedEnvironment, flags: CreateFlags, io: CliIo): Promise<Files> {
  const read = (side: "train" | "validation"): Promise<TrainingFile> =>
    readTrainingFile({
      spec,
      file: flags[side],
      path: resolve(io.cwd, flags[side]),
      maxRows: MAX_ROWS[side],
    });
  const [train, validation] = await Promise.all([read("train"), read("validation")]);
  const problems: Problem[] = [...train.problems, ...validation.problems];
  if (problems.length > 0) {
    throw new RollyardError("bad_input", { message: problems.map(formatProblem).join("\n") });
  }
  for (const [side, { rows, filled }] of Object.entries({ train, validation })) {
    const note = filled === 0 ? "" : `; messages or tools of ${filled} come from the environment`;
    io.stderr(`${side}: ${countText(rows, "row")}${note}\n`);
  }
  const both = [...validation.lines].filter((line) => train.lines.has(line)).length;
  if (both > 0) {
    io.stderr(
      `note: ${countText(both, "row")} of validation ${both === 1 ? "is" : "are"} in training too: its scores will flatter.\n`,
    );
  }
  return { train, validation };
}

async function uploadFiles(
  platform: FineTuningClient,
  { train, validation }: Files,
  { flags, io }: { readonly flags: CreateFlags; readonly io: CliIo },
): Promise<{ readonly training: string; readonly validation: string }> {
  const upload = async (side: "train" | "validation", text: string): Promise<string> => {
    const id = await platform.upload(`${flags.env ?? "environment"}-${side}.jsonl`, text);
    io.stderr(`${side}: uploaded as ${id}\n`);
    return id;
  };
  return {
    training: await upload("train", train.text),
    validation: await upload("validation", validation.text),
  };
}

/** For the eyes of others: with the headers' values masked. */
function withoutKeys(request: JobRequest): unknown {
  return JSON.parse(
    JSON.stringify(request, (key, value: unknown) =>
      key === "headers" ? Object.fromEntries(Object.keys(value as object).map((name) => [name, "…"])) : value,
    ),
  );
}
