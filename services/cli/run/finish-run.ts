import path from "node:path";
import type { RunEnd } from "../../../src/job/job-runner.ts";
import { replaceFile, writeReport } from "../../../src/trajectory/write-report.ts";
import type { RunFolder } from "./run-folder.ts";

/** What a finished run leaves beside its records. */
export interface FinishedRun {
  /** For standard output. */
  readonly text: string;
  /** The content of summary.json. */
  readonly json: object;
}

/** Writes groups.jsonl, summary.json and the reports of a run that has ended. Throws `output_unwritable`. */
export async function finishRun(run: {
  readonly folder: RunFolder;
  readonly end: Exclude<RunEnd, { condition: "Suspended" }>;
  readonly seconds: number;
}): Promise<FinishedRun> {
  const { folder, end, seconds } = run;
  const { stats, text } = await writeReport(folder.path);
  const { groups, ...totals } = stats;
  const lines = groups.map((group) => `${JSON.stringify(group)}\n`).join("");
  await replaceFile(path.join(folder.path, "groups.jsonl"), lines);
  const json = {
    ...totals,
    end: { condition: end.condition, reason: end.reason, message: end.message },
    seconds_total: seconds,
    rollouts_per_second: seconds > 0 ? stats.rollouts.total / seconds : null,
    groups: groups.length,
  };
  await replaceFile(path.join(folder.path, "summary.json"), `${JSON.stringify(json, null, 2)}\n`);
  return { text, json };
}
