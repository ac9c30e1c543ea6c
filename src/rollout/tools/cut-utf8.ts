/** A text that fits, and how many UTF-8 bytes of it were left out. */
export interface CutText {
  readonly text: string;
  readonly cutBytes: number;
}

/** The longest beginning of a text that fits into `maxBytes` of UTF-8, never half a character. */
export function cutUtf8(text: string, maxBytes: number): CutText {
  // No UTF-16 unit takes more than three bytes, so most texts need no counting.
  if (text.length * 3 <= maxBytes) return { text, cutBytes: 0 };
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= maxBytes) return { text, cutBytes: 0 };
  let end = Math.max(0, maxBytes);
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return { text: bytes.toString("utf8", 0, end), cutBytes: bytes.length - end };
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}
