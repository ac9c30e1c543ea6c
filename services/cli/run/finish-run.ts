import type { Condition } from "../../../src/job/job-conditions.ts";
import type { RunEnd } from "../../../src/job/job-runner.ts";
import { writeEnd } from "../../../src/trajectory/write-report.ts";
import type { RunFolder } from "./run-folder.ts";

/** What a finished run leaves beside its records. */
export interface FinishedRun {
  /** For standard output. */
  readonly text: string;
  /** The content of summary.json. */
  readonly json: object;
}

/** Writes groups.jsonl, summary.json and the reports of a run that has ended. Throws `output_unwritable`. */
export function finishRun(run: {
  readonly folder: RunFolder;
  readonly end: Exclude<RunEnd, { condition: "Suspended" }>;
  readonly conditions: readonly Condition[];
  readonly seconds: number;
  /** How its reader types the command line. */
  readonly command: string;
}): Promise<FinishedRun> {
  const { end, conditions, seconds, command } = run;
  return writeEnd({ folder: run.folder.path, command }, { end, conditions, seconds });
}
