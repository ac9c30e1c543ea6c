import path from "node:path";
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { didYouMean } from "../../../src/lib/nearest-name.ts";
import { STOP_REASONS, isStopReason } from "../../../src/rollout/stop-reason.ts";
import { readJoinedResults } from "../../../src/trajectory/joined-results.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { alignedTable } from "../../../src/trajectory/plain-text.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import type { RunFamily } from "../../../src/trajectory/run-family.ts";
import type { CliIo } from "../cli-io.ts";
import { RESULT_HEADER, resultRow } from "../result-rows.ts";
import { WHICH_RUNS } from "../which-runs.ts";

interface RewardRange {
  readonly from: number;
  readonly to: number;
}

interface ListFlags {
  readonly failed: boolean;
  readonly reward?: RewardRange;
  readonly stop?: string;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard list runs/latest --reward 0..0.2
  rollyard list runs/latest --failed --json

${WHICH_RUNS}`;

/** Rows that are aligned together; more are printed in further pieces, so that memory does not grow. */
const PIECE = 1000;

/** Adds `rollyard list`: finds rollouts of a run. Exit code 0, or 2. */
export function registerList(program: Command, io: CliIo): void {
  program
    .command("list")
    .description("find rollouts of a run")
    .argument("<dir>", "a run folder, or the folder around a job and its retries")
    .option("--failed", "only those without a reward", false)
    .option("--reward <from..to>", "only rewards from..to, both included", parseRange)
    .option("--stop <reason>", `only this stop reason: ${STOP_REASONS.join(", ")}`, parseStop)
    .option("--json", "print the records as JSON lines", false)
    .addHelpText("after", EXAMPLE)
    .action(async (dir: string, flags: ListFlags) => {
      await list(await runsToRead(path.resolve(io.cwd, dir)), flags, io);
    });
}

async function list(family: RunFamily, flags: ListFlags, io: CliIo): Promise<void> {
  const isJoined = family.retries.length > 0;
  let rows: string[][] = [];
  let found = 0;
  const print = (): void => {
    if (rows.length > 0)
      io.stdout(`${alignedTable(isJoined ? [...RESULT_HEADER, "job"] : RESULT_HEADER, rows)}\n`);
    rows = [];
  };
  for await (const { record, member, isCurrent } of readJoinedResults(family)) {
    if (!isCurrent || !isWanted(record, flags)) continue;
    found += 1;
    if (flags.json) io.stdout(`${jsonText(record)}\n`);
    else rows.push([...resultRow(record), ...(isJoined ? [member.job] : [])]);
    if (rows.length >= PIECE) print();
  }
  print();
  if (!flags.json) io.stdout(`${countText(found, "rollout")}\n`);
}

function isWanted(record: ResultRecord, { failed, reward, stop }: ListFlags): boolean {
  if (failed && record.reward !== null) return false;
  if (stop !== undefined && record.stop_reason !== stop) return false;
  if (reward === undefined) return true;
  return record.reward !== null && record.reward >= reward.from && record.reward <= reward.to;
}

function parseRange(text: string): RewardRange {
  const match = /^(-?[\d.]+)\.\.(-?[\d.]+)$/u.exec(text);
  const range = { from: Number(match?.[1] ?? Number.NaN), to: Number(match?.[2] ?? Number.NaN) };
  // NaN is not at most anything.
  if (range.from <= range.to) return range;
  throw new InvalidArgumentError("must be two numbers such as 0..0.2, the smaller first.");
}

function parseStop(text: string): string {
  if (isStopReason(text)) return text;
  throw new InvalidArgumentError(
    `must be one of ${STOP_REASONS.join(", ")}${didYouMean(text, STOP_REASONS)}.`,
  );
}
