import path from "node:path";
import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { parseRolloutPlace } from "../../../src/rollout/ids.ts";
import { readRecords } from "../../../src/trajectory/read-records.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { findRunFolder } from "../../../src/trajectory/run-files.ts";
import { shownRollout } from "../../../src/trajectory/shown-rollout.ts";
import { trajectoryRecordSchema } from "../../../src/trajectory/trajectory-record.ts";
import type { TrajectoryRecord } from "../../../src/trajectory/trajectory-record.ts";
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
      io.stdout(flags.json ? `${JSON.stringify(found, null, 2)}\n` : shownRollout(found));
    });
}

async function findRollout(
  folder: string,
  given: string,
): Promise<{ result: ResultRecord; trajectory: TrajectoryRecord | null; failedAttempts: ResultRecord[] }> {
  const place = parseRolloutPlace(given);
  const isIt = (record: ResultRecord): boolean =>
    record.item_index === place?.itemIndex && record.sample_index === place.sampleIndex;
  const result = await firstOf(readRecords(path.join(folder, "results.jsonl"), resultRecordSchema), isIt);
  if (result === null) {
    throw new RollyardError("bad_input", {
      message: `There is no rollout ${given} with an outcome in ${folder}; rollyard list names them.`,
    });
  }
  const trajectories = readRecords(path.join(folder, "trajectories.jsonl"), trajectoryRecordSchema);
  const trajectory = await firstOf(trajectories, ({ rollout }) => rollout === result.rollout);
  const failedAttempts: ResultRecord[] = [];
  for await (const attempt of readRecords(path.join(folder, "attempts.jsonl"), resultRecordSchema)) {
    if (attempt.rollout === result.rollout) failedAttempts.push(attempt);
  }
  return { result, trajectory, failedAttempts };
}

async function firstOf<T>(records: AsyncIterable<T>, isWanted: (record: T) => boolean): Promise<T | null> {
  for await (const record of records) if (isWanted(record)) return record;
  return null;
}
