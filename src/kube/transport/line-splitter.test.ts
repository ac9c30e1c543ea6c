import fc from "fast-check";
import { expect, it } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

it("gives the lines of a text however its bytes are cut, and keeps what has no end yet", () => {
  const text = fc.array(
    fc.string({ unit: "grapheme", maxLength: 20 }).map((line) => line.replaceAll("\n", "")),
  );
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join("") + "unfinished");
      const splitter = new LineSplitter();
      const found: string[] = [];
      for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        found.push(...splitter.push(bytes.subarray(from, from + size)));
        from += size;
      }
      expect(found).toEqual(lines.filter((line) => line !== ""));
    }),
  );
});
