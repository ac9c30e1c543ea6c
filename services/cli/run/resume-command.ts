import path from "node:path";
import { shownPath } from "../../../src/config/shown-path.ts";
import { shellWord } from "../../../src/trajectory/shell-word.ts";
import type { RunState } from "./run-state.ts";

/**
 * The command that resumes an unfinished run, as a user in `cwd` types it. What else was given on its command line
 * (overrides, secrets) is not in it: where it matters, the run says which field differs.
 */
export function resumeCommand(
  runFolder: string,
  { origin, job }: Pick<RunState, "origin" | "job">,
  cwd: string,
): string {
  const shown = (file: string): string => {
    const near = shownPath(file, cwd);
    return shellWord(near === "" ? "." : near);
  };
  if (job.retryOf !== null) return `rollyard retry ${shown(runFolder)}`;
  const files = origin.files.map((file) => `-f ${shown(file)}`);
  return ["rollyard run", ...files, `--out ${shown(path.dirname(runFolder))}`].join(" ");
}
