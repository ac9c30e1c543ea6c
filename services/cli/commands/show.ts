import path from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { parseRolloutPlace } from "../../../src/rollout/ids.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { readRecords } from "../../../src/trajectory/read-records.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { findRunFolder } from "../../../src/trajectory/run-files.ts";
import { shownRollout } from "../../../src/trajectory/shown-rollout.ts";
import type { RolloutRecords } from "../../../src/trajectory/shown-rollout.ts";
import { trajectoryRecordSchema } from "../../../src/trajectory/trajectory-record.ts";
import type { CliIo } from "../cli-io.ts";

const EXAMPLE = `
Examples:
  rollyard show runs/latest 3-1
  rollyard show runs/latest 3-1 --json
`;

/** Adds `rollyard show`: one trajectory as readable text. Exit code 0, or 2. */
export function registerShow(program: Command, io: CliIo): void {
  program
    .command("show")
    .description("show one rollout: messages, tool calls with outputs and times, grades")
    .argument("<dir>", "a run folder, or a folder around one")
    .argument("<rollout>", "its id, or <item>-<sample>")
    .option("--json", "print result, trajectory and failed attempts as one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (dir: string, rollout: string, flags: { readonly json: boolean }) => {
      const folder = await findRunFolder(path.resolve(io.cwd, dir));
      const found = await findRollout(folder, rollout);
      io.stdout(flags.json ? `${jsonText(wireForm(found), 2)}\n` : shownRollout(found));
    });
}

/** Named as in the run folder's files. */
function wireForm({ result, trajectory, failedAttempts }: RolloutRecords): object {
  return { result, trajectory, failed_attempts: failedAttempts };
}

async function findRollout(folder: string, given: string): Promise<RolloutRecords> {
  const result = await findResult(folder, given);
  const mention = result.rollout;
  const isIt = ({ rollout }: { readonly rollout: string }): boolean => rollout === result.rollout;
  const records = <T>(name: string, schema: z.ZodType<T>): AsyncGenerator<T> =>
    readRecords(path.join(folder, name), schema, { mention });
  const trajectory = await firstOf(records("trajectories.jsonl", trajectoryRecordSchema), isIt);
  const failedAttempts: ResultRecord[] = [];
  for await (const attempt of records("attempts.jsonl", resultRecordSchema)) {
    if (isIt(attempt)) failedAttempts.push(attempt);
  }
  return { result, trajectory, failedAttempts };
}

async function findResult(folder: string, given: string): Promise<ResultRecord> {
  const place = parseRolloutPlace(given);
  if (place === null) {
    throw new RollyardError("bad_input", {
      message: `${given} is no rollout: give its id, or <item>-<sample> such as 3-1.`,
    });
  }
  const short = `${place.itemIndex}-${place.sampleIndex}`;
  const isIt = ({ rollout, item_index, sample_index }: ResultRecord): boolean =>
    `${item_index}-${sample_index}` === short && (given === short || given === rollout);
  const found = await firstOf(readRecords(path.join(folder, "results.jsonl"), resultRecordSchema), isIt);
  if (found !== null) return found;
  throw new RollyardError("bad_input", {
    message: `There is no rollout ${given} with an outcome in ${folder}; rollyard list names them.`,
  });
}

async function firstOf<T>(records: AsyncIterable<T>, isWanted: (record: T) => boolean): Promise<T | null> {
  for await (const record of records) if (isWanted(record)) return record;
  return null;
}
