import fc from "fast-check";
import { expect, it } from "vitest";
import { anyText } from "../../test/support/lib/any-text.ts";
import { textLines } from "./text-lines.ts";
import type { TextLine } from "./text-lines.ts";

async function linesOf(chunks: readonly Uint8Array[]): Promise<TextLine[]> {
  const lines: TextLine[] = [];
  for await (const line of textLines(chunks)) lines.push(line);
  return lines;
}

it("gives the same lines however the bytes are cut, also inside a character", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyText().filter((text) => text.isWellFormed() && !/[\n\r\uFEFF]/.test(text))),
      fc.nat({ max: 7 }),
      async (texts, size) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        const length = size + 1;
        const chunks = Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
          bytes.subarray(at * length, (at + 1) * length),
        );
        expect(await linesOf(chunks)).toEqual(texts.map((text, index) => ({ line: index + 1, text })));
      },
    ),
  );
});

it("reads a last line without its end, and tells bytes that are no UTF-8", async () => {
  expect(await linesOf([Buffer.from("a\r\nb")])).toEqual([
    { line: 1, text: "a" },
    { line: 2, text: "b" },
  ]);
  expect(await linesOf([Buffer.from([0xc3, 0x28, 0x0a, 0x61])])).toEqual([
    { line: 1, text: undefined },
    { line: 2, text: "a" },
  ]);
});
