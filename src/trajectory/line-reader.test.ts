import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLines } from "./line-reader.ts";
import type { ByteSource, TextLine } from "./line-reader.ts";

/** Bytes that come in pieces of these lengths, over and over. */
function sourceOf(bytes: Buffer, lengths: readonly number[]): ByteSource {
  let reads = 0;
  return {
    read: async (buffer, offset, length, position) => {
      const most = lengths[reads % lengths.length] ?? 1;
      reads += 1;
      const piece = bytes.subarray(position, position + Math.min(length, most));
      buffer.set(piece, offset);
      return { bytesRead: piece.length };
    },
  };
}

async function linesIn(text: string, lengths: readonly number[] = [7]): Promise<TextLine[]> {
  const found: TextLine[] = [];
  for await (const line of readLines(sourceOf(Buffer.from(text), lengths))) found.push(line);
  return found;
}

const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "\u2028"));
const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

describe("readLines", () => {
  it("gives every line of a file whole, however its bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line), lengths, async (texts, pieces) => {
        const bytes = texts.map((text) => `${text}\n`).join("");
        const found = await linesIn(bytes, pieces);
        expect(found.map(({ text }) => text)).toEqual(texts);
        expect(found.map(({ number }) => number)).toEqual(texts.map((_, index) => index + 1));
        expect(found.at(-1)?.endByte ?? 0).toBe(Buffer.byteLength(bytes));
      }),
    );
  });

  it("says that a last line without its end is not whole", async () => {
    expect(await linesIn("a\nbc")).toMatchObject([
      { text: "a", isWhole: true, endByte: 2 },
      { text: "bc", isWhole: false },
    ]);
  });

  it("reads lines that are longer than its chunks", async () => {
    const long = "é".repeat(1_500_000);
    const found = await linesIn(`${long}\nend\n`, [Infinity]);
    expect(found.map(({ text }) => text)).toEqual([long, "end"]);
  });
});
