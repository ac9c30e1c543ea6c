/** What lines are read from; node:fs's FileHandle is one. */
export interface ByteSource {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
}

/** A line without its end. */
export interface TextLine {
  readonly text: string;
  /** 1-based. */
  readonly number: number;
  /** Where the next line begins, bytes from the start of the file. */
  readonly endByte: number;
  /** False for text after the last newline: it is being written, or its writer died. */
  readonly isWhole: boolean;
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;

/**
 * The lines of a file, one at a time, ended by newline bytes only. (node:readline also ends lines at U+2028, which JSON
 * leaves as it is inside strings.) Memory holds one line and one chunk.
 */
export async function* readLines(source: ByteSource): AsyncGenerator<TextLine> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let pieces: Buffer[] = [];
  let number = 0;
  for (let position = 0; ;) {
    const { bytesRead } = await source.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) break;
    let from = 0;
    for (
      let end = chunk.indexOf(NEWLINE);
      end !== -1 && end < bytesRead;
      end = chunk.indexOf(NEWLINE, from)
    ) {
      pieces.push(chunk.subarray(from, end));
      from = end + 1;
      number += 1;
      yield { text: textOf(pieces), number, endByte: position + from, isWhole: true };
      pieces = [];
    }
    // A copy: the chunk is filled anew.
    if (from < bytesRead) pieces.push(Buffer.from(chunk.subarray(from, bytesRead)));
    position += bytesRead;
  }
  const rest = textOf(pieces);
  if (rest !== "") yield { text: rest, number: number + 1, endByte: 0, isWhole: false };
}

function textOf(pieces: readonly Buffer[]): string {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined
    ? only.toString("utf8")
    : Buffer.concat(pieces).toString("utf8");
}
