import path from "node:path";
import type { Command } from "commander";
import { seriesStatistics } from "../../../src/regrade/series-statistics.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import { makeJoinedReport, makeReport, writeReport } from "../../../src/trajectory/write-report.ts";
import type { Report, ReportReader } from "../../../src/trajectory/write-report.ts";
import type { CliIo } from "../cli-io.ts";
import { WHICH_RUNS } from "../which-runs.ts";

const EXAMPLE = `
Examples:
  rollyard report runs/latest
  rollyard report runs/latest --json

${WHICH_RUNS}`;

/** Adds `rollyard report`: figures of a run as text, report.md and report.html. Exit code 0, or 2. */
export function registerReport(program: Command, io: CliIo): void {
  program
    .command("report")
    .description("rewards, failures, tools, phases and tokens of a run; writes report.md and report.html")
    .argument("<dir>", "a run folder, or the folder around a job and its retries")
    .option("--json", "print the figures as one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (dir: string, flags: { readonly json: boolean }) => {
      const { folder, report } = await reportOn(path.resolve(io.cwd, dir), io);
      io.stdout(flags.json ? `${jsonText(report.stats, 2)}\n` : report.text);
      await writeReport(folder, report);
      io.stderr(`written: ${path.join(folder, "report.md")}, ${path.join(folder, "report.html")}\n`);
    });
}

/** Makes the report that is meant, and says where it belongs: a joined one into the folder around its jobs. */
async function reportOn(
  given: string,
  { cwd, command }: CliIo,
): Promise<{ readonly folder: string; readonly report: Report }> {
  const family = await runsToRead(given);
  const { outer, base, retries } = family;
  const series = await seriesStatistics([base, ...retries].map(({ folder }) => folder));
  const readerOf = (folder: string): ReportReader => ({ command, folder: shownAs(folder, cwd), series });
  return retries.length === 0
    ? { folder: base.folder, report: await makeReport(base.folder, readerOf(base.folder)) }
    : { folder: outer, report: await makeJoinedReport(family, readerOf(outer)) };
}

/** The folder as a user in `cwd` would type it. */
function shownAs(folder: string, cwd: string): string {
  const relative = path.relative(cwd, folder);
  return relative === "" ? "." : relative.startsWith("..") ? folder : relative;
}
