import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIndexRanges, parseIndexRanges } from "./index-ranges.ts";

describe("index ranges", () => {
  it.each([
    [[], ""],
    [[7], "7"],
    [[3, 1, 2, 2, 9], "1-3,9"],
  ])("write %j as %j", (indexes, text) => {
    expect(formatIndexRanges(indexes)).toBe(text);
  });

  it("read back what they write, sorted and each once", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { minLength: 1 }), (indexes) => {
        const sorted = [...new Set(indexes)].toSorted((a, b) => a - b);
        expect(parseIndexRanges(formatIndexRanges(indexes))).toEqual(sorted);
      }),
    );
  });
});
