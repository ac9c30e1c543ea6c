const NEWLINE = 0x0a;

/**
 * The line that begins with `word` and a blank, of a file whose lines stand in the order of their bytes; null when
 * there is none.
 */
export function lineOfWord(file: Buffer, word: string): string | null {
  if (word === "") return null;
  const key = Buffer.from(`${word} `, "utf8");
  let low = 0;
  let high = file.length;
  while (low < high) {
    const lineStart = startOfLine(file, Math.floor((low + high) / 2));
    const end = endOfLine(file, lineStart);
    const order = file.compare(key, 0, key.length, lineStart, Math.min(lineStart + key.length, end));
    if (order === 0) return file.toString("utf8", lineStart, end);
    if (order < 0) low = end + 1;
    else high = lineStart;
  }
  return null;
}

/** Where the line begins that holds this byte; `lastIndexOf` counts a negative offset from the end. */
function startOfLine(file: Buffer, at: number): number {
  return at === 0 ? 0 : file.lastIndexOf(NEWLINE, at - 1) + 1;
}

function endOfLine(file: Buffer, start: number): number {
  const end = file.indexOf(NEWLINE, start);
  return end === -1 ? file.length : end;
}
