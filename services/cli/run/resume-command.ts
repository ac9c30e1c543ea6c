import path from "node:path";
import { shownPath } from "../../../src/config/shown-path.ts";
import { shellWord } from "../../../src/trajectory/shell-word.ts";
import type { CliIo } from "../cli-io.ts";
import { isServed } from "../serve/is-served.ts";
import type { RunState } from "./run-state.ts";

/** The command that resumes an unfinished run, or serves an environment again, with the options of its last session, as a user in `cwd` types it. */
export function resumeCommand(
  runFolder: string,
  state: Pick<RunState, "origin" | "job" | "options" | "snapshot">,
  { cwd, command }: Pick<CliIo, "cwd" | "command">,
): string {
  const { origin, job, options } = state;
  const near = (file: string): string => shownPath(file, cwd) || ".";
  const given = options.map(
    ({ flag, value, file }) => `${flag} ${shellWord(file === null ? value : `${value}${near(file)}`)}`,
  );
  if (job.retryOf !== null) return [`${command} retry ${shellWord(near(runFolder))}`, ...given].join(" ");
  const files = origin.files.map((file) => `-f ${shellWord(near(file))}`);
  const out = `--out ${shellWord(near(path.dirname(runFolder)))}`;
  return [`${command} ${isServed(state) ? "serve" : "run"}`, ...files, out, ...given].join(" ");
}
