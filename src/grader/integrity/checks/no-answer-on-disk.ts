import type { IntegrityCheck } from "../integrity-check.ts";
import { scanCalls } from "../scan-calls.ts";

/** Shorter lines stand in many files. */
const LEAST_LINE = 24;
/** So many of a file's own lines in one output are no accident; files that have fewer must show all of them. */
const TELLING_LINES = 3;

/**
 * A tool's output held what only the grader should have: lines of a file of the author's that the agent was not given.
 * Where the agent's sandbox has the same file at its place, it is the task's, and reading it is no sign.
 */
export const noAnswerOnDisk: IntegrityCheck = {
  needs: "assets",
  effect: "zero",
  find: ({ commands, calls, agentCopies }) => {
    const assets = commands.flatMap((command) => command.assets);
    const given = new Set(assets.filter(({ path }) => agentCopies.has(path)).flatMap(linesOf));
    const hidden = assets
      .filter(({ path }) => !agentCopies.has(path))
      .map((file) => linesOf(file).filter((line) => !given.has(line)))
      .filter((lines) => lines.length > 0);
    return scanCalls(calls, ({ output }) =>
      hidden.some((lines) => shows(output, lines)) ? "hidden_file" : null,
    );
  },
};

function linesOf({ content }: { readonly content: Uint8Array }): readonly string[] {
  const lines = new TextDecoder().decode(content).split("\n");
  return [...new Set(lines.map((line) => line.trim()).filter((line) => line.length >= LEAST_LINE))];
}

function shows(output: string, lines: readonly string[]): boolean {
  const wanted = Math.min(TELLING_LINES, lines.length);
  let seen = 0;
  for (const line of lines) {
    if (output.includes(line)) seen += 1;
    if (seen >= wanted) return true;
  }
  return false;
}
