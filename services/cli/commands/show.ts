import path from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { parseRolloutPlace } from "../../../src/rollout/ids.ts";
import { readJoinedResults } from "../../../src/trajectory/joined-results.ts";
import type { JoinedResult } from "../../../src/trajectory/joined-results.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { readRecords } from "../../../src/trajectory/read-records.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import type { RunFamily } from "../../../src/trajectory/run-family.ts";
import { shownRollout } from "../../../src/trajectory/shown-rollout.ts";
import type { RolloutRecords } from "../../../src/trajectory/shown-rollout.ts";
import { trajectoryRecordSchema } from "../../../src/trajectory/trajectory-record.ts";
import type { CliIo } from "../cli-io.ts";
import { WHICH_RUNS } from "../which-runs.ts";

const EXAMPLE = `
Examples:
  rollyard show runs/latest 3-1
  rollyard show runs/latest 3-1 --json

${WHICH_RUNS}The id of a rollout, which \`rollyard list --json\` has, shows it as the job has it whose rollout it is.
`;

/** Adds `rollyard show`: one trajectory as readable text. Exit code 0, or 2. */
export function registerShow(program: Command, io: CliIo): void {
  program
    .command("show")
    .description("show one rollout: messages, tool calls with outputs and times, grades")
    .argument("<dir>", "a run folder, or the folder around a job and its retries")
    .argument("<rollout>", "its id, or <item>-<sample>")
    .option("--json", "print result, trajectory and failed attempts as one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (dir: string, rollout: string, flags: { readonly json: boolean }) => {
      const found = await findRollout(await runsToRead(path.resolve(io.cwd, dir)), rollout, io);
      io.stdout(flags.json ? `${jsonText(wireForm(found), 2)}\n` : shownRollout(found));
    });
}

/** Named as in the run folder's files. */
function wireForm({ result, trajectory, failedAttempts }: RolloutRecords): object {
  return { result, trajectory, failed_attempts: failedAttempts };
}

async function findRollout(family: RunFamily, given: string, io: CliIo): Promise<RolloutRecords> {
  const { record: result, member } = await findResult(family, given, io);
  const mention = result.rollout;
  const isIt = ({ rollout }: { readonly rollout: string }): boolean => rollout === result.rollout;
  const records = <T>(name: string, schema: z.ZodType<T>): AsyncGenerator<T> =>
    readRecords(path.join(member.folder, name), schema, { mention });
  const trajectory = await firstOf(records("trajectories.jsonl", trajectoryRecordSchema), isIt);
  const failedAttempts: ResultRecord[] = [];
  for await (const attempt of records("attempts.jsonl", resultRecordSchema)) {
    if (isIt(attempt)) failedAttempts.push(attempt);
  }
  return { result, trajectory, failedAttempts };
}

async function findResult(family: RunFamily, given: string, { command }: CliIo): Promise<JoinedResult> {
  const place = parseRolloutPlace(given);
  if (place === null) {
    throw new RollyardError("bad_input", {
      message: `${given} is no rollout: give its id, or <item>-<sample> such as 3-1.`,
    });
  }
  const short = `${place.itemIndex}-${place.sampleIndex}`;
  const isIt = ({ record, isCurrent }: JoinedResult): boolean =>
    given === short
      ? isCurrent && given === `${record.item_index}-${record.sample_index}`
      : given === record.rollout;
  const found = await firstOf(readJoinedResults(family), isIt);
  if (found !== null) return found;
  const where = family.retries.length === 0 ? family.base.folder : family.outer;
  throw new RollyardError("bad_input", {
    message: `There is no rollout ${given} with an outcome in ${where}; ${command} list names them.`,
  });
}

async function firstOf<T>(records: AsyncIterable<T>, isWanted: (record: T) => boolean): Promise<T | null> {
  for await (const record of records) if (isWanted(record)) return record;
  return null;
}
