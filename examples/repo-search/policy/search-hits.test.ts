import { describe, expect, it } from "vitest";
import { isProse, searchResults } from "./search-hits.ts";

const search = (output: string) => ({ name: "search", arguments: { pattern: "x" }, output });

describe("reading search output", () => {
  it("takes path, line and text, in path order", () => {
    const [result] = searchResults([search("lib/b.js:12:const a: b\n./lib/a.js:3:x\n[truncated 9 bytes]")]);

    expect(result?.hits).toEqual([
      { path: "lib/a.js", line: 3, text: "x" },
      { path: "lib/b.js", line: 12, text: "const a: b" },
    ]);
  });

  it("leaves out calls of other tools and calls whose arguments were broken", () => {
    const calls = [
      { name: "list", arguments: {}, output: "lib/" },
      { name: "search", arguments: null, output: "The arguments are not valid JSON." },
    ];

    expect(searchResults(calls)).toEqual([]);
  });

  it("takes comments and titles of tests for prose, code and lists in Markdown for matter", () => {
    const lines = ["// x", " * x", "test('kReply works', t => {", "const x = kReply"];

    expect(lines.map((text) => isProse({ path: "lib/a.js", text }))).toEqual([true, true, true, false]);
    expect(isProse({ path: "README.md", text: "* [Errors](./Errors.md)" })).toBe(false);
  });
});
