import { rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { RollyardError } from "../errors/rollyard-error.ts";
import { readRecords } from "./read-records.ts";
import { reportHtml } from "./report-html.ts";
import type { ChartedResult } from "./report-html.ts";
import { reportSections } from "./report-sections.ts";
import { reportMarkdown, reportText } from "./report-text.ts";
import { resultRecordSchema } from "./result-record.ts";
import { readStatistics } from "./run-files.ts";
import type { RunStatistics } from "./run-statistics.ts";

/** A written report. */
export interface WrittenReport {
  readonly stats: RunStatistics;
  /** For a terminal. */
  readonly text: string;
}

/** Reads a run folder and writes report.md and report.html into it. Throws `bad_input`, `output_unwritable`. */
export async function writeReport(folder: string): Promise<WrittenReport> {
  const stats = await readStatistics(folder);
  const results: ChartedResult[] = [];
  for await (const record of readRecords(path.join(folder, "results.jsonl"), resultRecordSchema)) {
    const { item_index, reward, tool_calls } = record;
    results.push({ item_index, reward, tool_calls });
  }
  const title = `${stats.job}: ${stats.rollouts.total} rollouts`;
  const sections = reportSections(stats);
  await replaceFile(path.join(folder, "report.md"), reportMarkdown(title, sections));
  await replaceFile(path.join(folder, "report.html"), reportHtml(title, { sections, stats, results }));
  return { stats, text: reportText(title, sections) };
}

/** Writes a file in one step: a reader sees the old one or the new one. Throws `output_unwritable`. */
export async function replaceFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new RollyardError("output_unwritable", { message: `${file} can't be written (${code}).`, cause });
  }
}
