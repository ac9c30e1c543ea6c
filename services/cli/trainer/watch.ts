import type { Command } from "commander";
import type { FineTuningJob, FineTuningJobEvent } from "openai/resources/fine-tuning/jobs/jobs";
import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { isJsonObject } from "../../../src/lib/json.ts";
import type { FineTuningClient } from "../../../src/trainer-http/fine-tuning-client.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { wholeNumber } from "../whole-number.ts";
import { addPlatformOptions, platformOf, WHICH_PLATFORM } from "./platform-flags.ts";
import type { PlatformFlags } from "./platform-flags.ts";

interface WatchFlags extends PlatformFlags {
  readonly every: number;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard trainer watch ftjob-123 --base-url https://RESOURCE.openai.azure.com/openai/v1 --api-key env:AZURE_OPENAI_API_KEY
  rollyard trainer watch ftjob-123 --json

Prints what the platform says of the job, metrics too, until it has ended. --json: each event as a line, the job as the last one.

${WHICH_PLATFORM}
Exit codes: 0 it succeeded; 1 it failed or was cancelled, or the platform does not answer; 2 bad input.
`;

const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);
const EVERY_SECONDS = 10;
/** A platform that is away for so many questions in a row is not waited for. */
const MAX_SILENCES = 30;

/** Adds `rollyard trainer watch`. */
export function addWatch(trainer: Command, io: CliIo): void {
  const command = trainer
    .command("watch")
    .description("follow a fine-tuning job's events and metrics to its end")
    .argument("<job>", "id of the job")
    .option("--every <seconds>", "pause between questions", wholeNumber(1), EVERY_SECONDS)
    .option("--json", "print each event as a line of JSON", false);
  addPlatformOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (id: string, flags: WatchFlags) => {
      const platform = await platformOf(flags, io);
      io.setExitCode(await followJob(platform, { id, json: flags.json, everySeconds: flags.every }, io));
    });
}

/** Which job is followed, and how. */
export interface FollowOptions {
  readonly id: string;
  readonly json: boolean;
  readonly everySeconds?: number;
}

/** Prints events until the job has ended; answers the exit code. Rejects when the platform stays away. */
export async function followJob(
  platform: FineTuningClient,
  { id, json, everySeconds = EVERY_SECONDS }: FollowOptions,
  io: CliIo,
): Promise<number> {
  const known = new Set<string>();
  for (let silences = 0; ; await systemClock.sleep(everySeconds * 1000)) {
    const ended = await look(platform, { id, json, known, io }).catch((thrown: unknown) => {
      silences += 1;
      if (!toRollyardError(thrown).isRetryable || silences >= MAX_SILENCES) throw thrown;
      io.stderr("the platform does not answer; asking again\n");
      return "silence" as const;
    });
    if (ended === "silence") continue;
    silences = 0;
    if (ended !== null) return ended.status === "succeeded" ? 0 : 1;
  }
}

interface Look extends FollowOptions {
  /** Ids of events that were printed; gets those that are printed now. */
  readonly known: Set<string>;
  readonly io: CliIo;
}

/** Prints what is new; answers the job once it has ended, else null. */
async function look(
  platform: FineTuningClient,
  { id, json, known, io }: Look,
): Promise<FineTuningJob | null> {
  // The job first: what it said before its end is then among the events.
  const job = await platform.job(id);
  for (const event of await platform.eventsSince(id, known)) {
    known.add(event.id);
    io.stdout(json ? `${jsonText(event)}\n` : eventText(event));
  }
  if (!ENDED.has(job.status)) return null;
  io.stdout(json ? `${jsonText(job)}\n` : endText(job));
  return job;
}

function eventText({ created_at: at, level, message, type, data }: FineTuningJobEvent): string {
  const time = new Date(at * 1000).toISOString().slice(0, 19);
  const mark = level === "info" ? "" : `${level}: `;
  const metrics = type === "metrics" && isJsonObject(data) ? metricsText(data) : "";
  return `${time}  ${printable(`${mark}${message}${metrics}`)}\n`;
}

/** Numbers of a step, on one line. */
function metricsText(data: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(data).flatMap(([name, value]) =>
    typeof value === "number" ? [`${name} ${Number(value.toPrecision(4))}`] : [],
  );
  return parts.length === 0 ? "" : `  [${parts.join(", ")}]`;
}

function endText({ id, status, fine_tuned_model: model, error }: FineTuningJob): string {
  const why = error?.message ? `: ${error.message}` : "";
  return `${printable(`${id} has ${status === "cancelled" ? "been cancelled" : status}${why}`)}\n${
    model === null ? "" : `model: ${printable(model)}\n`
  }`;
}
