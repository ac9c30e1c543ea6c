import path from "node:path";
import type { Command } from "commander";
import { findRunFolder } from "../../../src/trajectory/run-files.ts";
import { writeReport } from "../../../src/trajectory/write-report.ts";
import type { CliIo } from "../cli-io.ts";

const EXAMPLE = `
Example:
  rollyard report runs/latest
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
      const { stats, text } = await writeReport(folder);
      io.stdout(flags.json ? `${JSON.stringify(stats, null, 2)}\n` : text);
      io.stderr(`written: ${path.join(folder, "report.md")}, ${path.join(folder, "report.html")}\n`);
    });
}
