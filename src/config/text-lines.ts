/** One line of a text, counted from 1, without its end; `text` is undefined for a line that is no UTF-8. */
export interface TextLine {
  readonly line: number;
  readonly text: string | undefined;
}

/**
 * Splits bytes into lines at `\n` only (JSON may hold other line separators inside strings). A byte order mark at
 * the beginning and a `\r` at a line's end are dropped. Holds one line in memory at a time.
 */
export async function* textLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<TextLine> {
  let rest: Uint8Array[] = [];
  let line = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      line += 1;
      yield { line, text: decode([...rest, chunk.subarray(start, end)]) };
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield { line: line + 1, text: decode(rest) };
}

function decode(pieces: readonly Uint8Array[]): string | undefined {
  const [first] = pieces;
  const bytes = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
  try {
    // Not in stream mode, so a byte order mark is dropped at each line's beginning; JSON has no use for it anywhere.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r$/, "");
  } catch {
    return undefined;
  }
}
