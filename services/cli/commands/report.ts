import path from "node:path";
import type { Command } from "commander";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { findRunFolder } from "../../../src/trajectory/run-files.ts";
import { makeReport, writeReport } from "../../../src/trajectory/write-report.ts";
import type { CliIo } from "../cli-io.ts";

const EXAMPLE = `
Examples:
  rollyard report runs/latest
  rollyard report runs/latest --json
`;

/** Adds `rollyard report`: figures of a run as text, report.md and report.html. Exit code 0, or 2. */
export function registerReport(program: Command, io: CliIo): void {
  program
    .command("report")
    .description("rewards, failures, tools, phases and tokens of a run; writes report.md and report.html")
    .argument("<dir>", "a run folder, or a folder around one")
    .option("--json", "print the figures as one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (dir: string, flags: { readonly json: boolean }) => {
      const folder = await findRunFolder(path.resolve(io.cwd, dir));
      const report = await makeReport(folder, shownAs(folder, io.cwd));
      io.stdout(flags.json ? `${jsonText(report.stats, 2)}\n` : report.text);
      await writeReport(folder, report);
      io.stderr(`written: ${path.join(folder, "report.md")}, ${path.join(folder, "report.html")}\n`);
    });
}

/** The folder as a user in `cwd` would type it. */
function shownAs(folder: string, cwd: string): string {
  const relative = path.relative(cwd, folder);
  return relative === "" ? "." : relative.startsWith("..") ? folder : relative;
}
