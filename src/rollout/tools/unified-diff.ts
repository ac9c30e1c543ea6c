/** One line of a hunk; `isUnended` when no newline follows it. */
export interface HunkLine {
  readonly kind: "context" | "remove" | "add";
  readonly text: string;
  readonly isUnended: boolean;
}

/** One hunk. Lines are counted from 1; null when the header names none. */
export interface Hunk {
  readonly oldStart: number | null;
  readonly lines: readonly HunkLine[];
}

/** The changes of one file. A null path is `/dev/null`: the file is made or removed. */
export interface FilePatch {
  readonly oldPath: string | null;
  readonly newPath: string | null;
  readonly hunks: readonly Hunk[];
}

/** Either the files of a diff, or one sentence for the model on what can't be read. */
export type ParsedDiff =
  | { readonly ok: true; readonly files: readonly FilePatch[] }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a unified diff as people and models write it: git's extra lines are passed over, the counts of a hunk header
 * are not believed, a hunk header may have no numbers, and an empty line stands for an empty line of context.
 * Format: https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
 */
export function parseUnifiedDiff(text: string): ParsedDiff {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const starts = lines.flatMap((_line, index) => (isFileHeader(lines, index) ? [index] : []));
  if (starts.length === 0) {
    return refuse('The patch has no file header: "--- a/path" and "+++ b/path", then "@@".');
  }
  const files = starts.map((start, at) => parseFile(lines.slice(start, starts[at + 1])));
  const empty = files.find((file) => file.hunks.length === 0);
  if (empty !== undefined) {
    return refuse(`The patch of ${empty.newPath ?? empty.oldPath ?? "/dev/null"} has no hunk ("@@").`);
  }
  if (files.some((file) => file.oldPath === null && file.newPath === null)) {
    return refuse("The patch has a file whose both names are /dev/null.");
  }
  return { ok: true, files };
}

function refuse(problem: string): ParsedDiff {
  return { ok: false, problem };
}

/** A removed line may look like `--- …` too: only the three lines together are a header. */
function isFileHeader(lines: readonly string[], at: number): boolean {
  return (
    (lines[at] ?? "").startsWith("--- ") &&
    (lines[at + 1] ?? "").startsWith("+++ ") &&
    (lines[at + 2] ?? "@@").startsWith("@@")
  );
}

function parseFile(lines: readonly string[]): FilePatch {
  const [oldHeader = "", newHeader = "", ...rest] = lines;
  const starts = rest.flatMap((line, index) => (line.startsWith("@@") ? [index] : []));
  return {
    oldPath: pathOf(oldHeader, "a/"),
    newPath: pathOf(newHeader, "b/"),
    hunks: starts.map((start, at) => parseHunk(rest.slice(start, starts[at + 1]))),
  };
}

function pathOf(header: string, prefix: string): string | null {
  const name = (header.slice(4).split("\t")[0] ?? "").trim();
  if (name === "/dev/null") return null;
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function parseHunk(lines: readonly string[]): Hunk {
  const [header = "", ...rest] = lines;
  const start = /^@@ -(\d+)/.exec(header)?.[1];
  return {
    oldStart: start === undefined ? null : Number(start),
    lines: hunkLines(rest),
  };
}

const KINDS: Readonly<Record<string, HunkLine["kind"]>> = { " ": "context", "-": "remove", "+": "add" };
/** What git writes between two files; it ends the hunk above it. */
const GIT_LINE = /^(diff --git |index [0-9a-f]+\.\.|(new|deleted|old) (file )?mode |similarity |rename )/;

function hunkLines(lines: readonly string[]): readonly HunkLine[] {
  const read: HunkLine[] = [];
  const end = lines.findIndex((line) => GIT_LINE.test(line));
  for (const line of trimEnd(end === -1 ? lines : lines.slice(0, end))) {
    const last = read.at(-1);
    if (line.startsWith("\\")) {
      if (last !== undefined) read[read.length - 1] = { ...last, isUnended: true };
      continue;
    }
    const kind = KINDS[line.slice(0, 1)];
    // Models drop the blank before a context line: the line then stands for itself.
    read.push({ kind: kind ?? "context", text: kind === undefined ? line : line.slice(1), isUnended: false });
  }
  return read;
}

/** Without the quite empty lines at the end: they part hunks and files, and belong to none. */
function trimEnd(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line !== "");
  return lines.slice(0, last + 1);
}
