import path from "node:path";
import type { JoinedJobs } from "./joined-jobs.ts";
import type { Condition } from "../job/job-conditions.ts";
import { replaceFile } from "./replace-file.ts";
import { reportHtml } from "./report-html.ts";
import { reportSections } from "./report-sections.ts";
import type { ReportInput, ReportSection, SectionId } from "./report-sections.ts";
import { reportMarkdown, reportText } from "./report-text.ts";
import type { RunEndRecord } from "./run-end.ts";
import { readRunEnd } from "./run-end.ts";
import { readJoinedStatistics, readStatistics } from "./run-files.ts";
import type { RunFamily } from "./run-family.ts";
import type { RunFigures } from "./run-files.ts";
import type { RunStatistics } from "./run-statistics.ts";
import type { SeriesStatistics } from "./series-statistics.ts";
import { shellWord } from "./shell-word.ts";

/** A report that is made, and perhaps not written yet. */
export interface Report {
  readonly stats: RunStatistics & Partial<JoinedJobs> & { readonly series: readonly SeriesStatistics[] };
  /** For a terminal. */
  readonly text: string;
  /** What one wants to know first of it, and where the rest is. */
  readonly brief: string;
  readonly markdown: string;
  readonly html: string;
}

/** What one reads first. */
const BRIEF: ReadonlySet<SectionId> = new Set(["summary", "rewards", "failures", "telling"]);

/** What command lines in a report are made of, as its reader types it. */
export interface ReportReader {
  readonly command: string;
  /** The run folder, or the one around a job and its retries. */
  readonly folder: string;
  /** Rewards by other graders; none by default. */
  readonly series?: readonly SeriesStatistics[];
}

/** Reads a run folder and makes its report. Throws `bad_input`. */
export async function makeReport(folder: string, reader: ReportReader): Promise<Report> {
  return reportOf(await readStatistics(folder), await readRunEnd(folder), reader);
}

/** The report of a job joined with its retries. */
export async function makeJoinedReport(family: RunFamily, reader: ReportReader): Promise<Report> {
  return reportOf(await readJoinedStatistics(family), null, reader);
}

/** Writes report.md and report.html into a run folder. Throws `output_unwritable`. */
export async function writeReport(folder: string, { markdown, html }: Report): Promise<void> {
  await replaceFile(path.join(folder, "report.md"), markdown);
  await replaceFile(path.join(folder, "report.html"), html);
}

/**
 * Writes what an ended run leaves beside its records: groups.jsonl, summary.json and the reports. Resolves with the
 * report in brief for a terminal and the content of summary.json. Throws `bad_input`, `output_unwritable`.
 */
export async function writeEnd(
  reader: ReportReader,
  run: {
    readonly end: RunEndRecord["end"];
    readonly conditions: readonly Condition[];
    readonly seconds: number;
    /** Of a hosted trainer's traces: graded ones whose score it never got. */
    readonly undelivered?: number;
  },
): Promise<{ readonly text: string; readonly json: object }> {
  const { folder } = reader;
  const figures = await readStatistics(folder);
  const { groups, ...totals } = figures.stats;
  const { condition, reason, message } = run.end;
  const end = {
    end: { condition, reason, message },
    seconds_total: run.seconds,
    rollouts_per_second: run.seconds > 0 ? totals.rollouts.total / run.seconds : null,
    ...(run.undelivered === undefined ? {} : { undelivered_scores: run.undelivered }),
  };
  const json = { ...totals, ...end, conditions: run.conditions, groups: groups.length };
  const report = reportOf(figures, end, reader);
  await replaceFile(
    path.join(folder, "groups.jsonl"),
    groups.map((group) => `${JSON.stringify(group)}\n`).join(""),
  );
  await replaceFile(path.join(folder, "summary.json"), `${JSON.stringify(json, null, 2)}\n`);
  await writeReport(folder, report);
  return { text: report.brief, json };
}

function reportOf(figures: RunFigures, end: RunEndRecord | null, reader: ReportReader): Report {
  const { command, folder, series = [] } = reader;
  const { stats, rollouts, joined } = figures;
  const count = (joined?.jobs.length ?? 1) - 1;
  const retries = count === 0 ? "" : count === 1 ? " and its retry" : ` and its ${count} retries`;
  const title = `${stats.job}${retries}: ${stats.rollouts.total} rollouts`;
  const folderOf: ReportInput["folderOf"] = (place) =>
    joined === null ? folder : path.join(folder, figures.folderOf(place));
  const sections = reportSections({ stats, end, joined, series, command, folderOf });
  return {
    stats: { ...stats, ...joined, series },
    text: reportText(title, sections),
    brief: briefText(title, sections, reader),
    markdown: reportMarkdown(title, sections),
    html: reportHtml(title, { sections, stats, rollouts }),
  };
}

function briefText(
  title: string,
  sections: readonly ReportSection[],
  { command, folder }: ReportReader,
): string {
  const first = sections.filter(({ id }) => BRIEF.has(id));
  const page = shellWord(path.join(folder, "report.html"));
  return `${reportText(title, first)}\nreport: ${page}; ${command} report ${shellWord(folder)} prints all of it\n`;
}
