import path from "node:path";
import { shownPath } from "../../../src/config/shown-path.ts";
import { shellWord } from "../../../src/trajectory/shell-word.ts";
import type { CliIo } from "../cli-io.ts";
import type { RunState } from "./run-state.ts";

/** The command that resumes an unfinished run with the options of its last session, as a user in `cwd` types it. */
export function resumeCommand(
  runFolder: string,
  { origin, job, options }: Pick<RunState, "origin" | "job" | "options">,
  { cwd, command }: Pick<CliIo, "cwd" | "command">,
): string {
  const near = (file: string): string => shownPath(file, cwd) || ".";
  const given = options.map(
    ({ flag, value, file }) => `${flag} ${shellWord(file === null ? value : `${value}${near(file)}`)}`,
  );
  if (job.retryOf !== null) return [`${command} retry ${shellWord(near(runFolder))}`, ...given].join(" ");
  const files = origin.files.map((file) => `-f ${shellWord(near(file))}`);
  const out = `--out ${shellWord(near(path.dirname(runFolder)))}`;
  return [`${command} run`, ...files, out, ...given].join(" ");
}
