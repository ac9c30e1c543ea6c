import type { Hunk, HunkLine } from "./unified-diff.ts";

/** Either the new text, or one sentence for the model on the first hunk that does not fit. */
export type HunksResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

interface Edit {
  readonly at: number;
  readonly removed: number;
  readonly inserted: readonly string[];
}

/**
 * Applies the hunks of one file in order. A hunk goes where its context and removed lines stand, nearest to the line
 * that it names; blanks at line ends are overlooked when nothing fits exactly. Kept lines keep their own bytes, and
 * added ones take the file's line ending. All or nothing.
 */
export function applyHunks(text: string, hunks: readonly Hunk[]): HunksResult {
  const lines = splitLines(text);
  const newline = (lines[0] ?? "").endsWith("\r\n") ? "\r\n" : "\n";
  const edits: Edit[] = [];
  let from = 0;
  let drift = 0;
  for (const [index, hunk] of hunks.entries()) {
    const at = placeOf(lines, hunk, { from, drift });
    if (at === null) return { ok: false, problem: misfit(hunk, index) };
    const edit = editAt(lines, hunk, at, newline);
    edits.push(edit);
    from = at + edit.removed;
    drift = hunk.oldStart === null ? drift : at - firstLineOf(hunk, hunk.oldStart);
  }
  return { ok: true, text: joined(lines, edits) };
}

/** Lines with their endings, so that whatever is kept stays as it was to the byte. */
function splitLines(text: string): readonly string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function oldLines(hunk: Hunk): readonly HunkLine[] {
  return hunk.lines.filter((line) => line.kind !== "add");
}

/** 0-based. A hunk without old lines stands after the line that it names (`-5,0`), any other on it. */
function firstLineOf(hunk: Hunk, oldStart: number): number {
  return oldLines(hunk).length === 0 ? oldStart : Math.max(0, oldStart - 1);
}

function placeOf(
  lines: readonly string[],
  hunk: Hunk,
  search: { readonly from: number; readonly drift: number },
): number | null {
  const old = oldLines(hunk);
  const { from, drift } = search;
  const named = hunk.oldStart === null ? null : firstLineOf(hunk, hunk.oldStart) + drift;
  if (old.length === 0) return insertionPlace(lines, named, from);
  const places = (isSame: (a: string, b: string) => boolean): number[] =>
    Array.from({ length: Math.max(0, lines.length - old.length - from + 1) }, (_, i) => from + i).filter(
      (at) => old.every((line, i) => isSame(bare(lines[at + i] ?? ""), line.text)),
    );
  const exact = places((a, b) => a === b);
  return nearest(exact.length > 0 ? exact : places((a, b) => a.trimEnd() === b.trimEnd()), named ?? from);
}

function insertionPlace(lines: readonly string[], named: number | null, from: number): number | null {
  if (lines.length === 0) return 0;
  return named === null || named < from || named > lines.length ? null : named;
}

function nearest(places: readonly number[], wanted: number): number | null {
  return places.reduce<number | null>(
    (best, at) => (best === null || Math.abs(at - wanted) < Math.abs(best - wanted) ? at : best),
    null,
  );
}

function bare(line: string): string {
  return line.replace(/\r?\n$/, "");
}

function editAt(lines: readonly string[], hunk: Hunk, at: number, newline: string): Edit {
  let next = at;
  const inserted: string[] = [];
  for (const line of hunk.lines) {
    if (line.kind === "add") inserted.push(line.text + (line.isUnended ? "" : newline));
    if (line.kind === "context") inserted.push(lines[next] ?? "");
    if (line.kind !== "add") next += 1;
  }
  return { at, removed: next - at, inserted };
}

/** Only the last line of a file may lack its newline: whatever is followed by another line gets one. */
function joined(lines: readonly string[], edits: readonly Edit[]): string {
  const result: string[] = [];
  let next = 0;
  for (const { at, removed, inserted } of edits) {
    result.push(...lines.slice(next, at), ...inserted);
    next = at + removed;
  }
  result.push(...lines.slice(next));
  return result
    .map((line, index) => (index < result.length - 1 && !line.endsWith("\n") ? `${line}\n` : line))
    .join("");
}

const MAX_SHOWN_LINE = 120;

function misfit(hunk: Hunk, index: number): string {
  const old = oldLines(hunk);
  const [first] = old;
  if (first === undefined) return `Hunk ${index + 1} names no place: give it lines of context.`;
  const shown = first.text.slice(0, MAX_SHOWN_LINE);
  return `Hunk ${index + 1} does not fit: its ${old.length} old lines, from ${JSON.stringify(shown)} on, are not in the file.`;
}
