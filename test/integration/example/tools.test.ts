import { describe, expect, it } from "vitest";
import { CORPUS_FOLDER } from "../../../examples/repo-search/derive-items.ts";
import { bareTools } from "./bare-tools.ts";
import { readExample } from "./read-example.ts";

const tools = bareTools(readExample().environment, CORPUS_FOLDER.pathname);
const run = (name: string, args: object): string =>
  tools.run({ id: "1", type: "function", function: { name, arguments: JSON.stringify(args) } });

describe("the tools of repo-search", () => {
  it("search prints path, line and text from the root", () => {
    expect(run("search", { pattern: "^function withResolvers" })).toMatch(
      /^lib\/promise\.js:\d+:function withResolvers/,
    );
  });

  it("search prints the path of a single file too", () => {
    expect(run("search", { pattern: "kTestInternals", path: "lib/promise.js" })).toMatch(
      /^lib\/promise\.js:\d+:/,
    );
  });

  it("search takes a pattern that looks like an option for a pattern", () => {
    expect(run("search", { pattern: "--version" })).not.toContain("GNU");
  });

  it("search says by its exit code that nothing matched", () => {
    expect(run("search", { pattern: "no such words in it" })).toContain("[exit code 1]");
  });

  it("list shows a folder, and the root when none is named", () => {
    expect(run("list", { path: "types" }).split("\n")).toContain("reply.d.ts");
    expect(run("list", {}).split("\n")).toContain("lib/");
  });

  it("read gives the lines from first to last, either of which may be left out", () => {
    const whole = run("read", { path: "lib/promise.js" }).split("\n");

    expect(run("read", { path: "lib/promise.js", start_line: 3, end_line: 5 })).toBe(
      `${whole.slice(2, 5).join("\n")}\n`,
    );
    expect(run("read", { path: "lib/promise.js", end_line: 2 })).toBe(`${whole.slice(0, 2).join("\n")}\n`);
    expect(run("read", { path: "lib/promise.js", start_line: 3 })).toBe(whole.slice(2).join("\n"));
  });

  it("read never takes a path for shell text", () => {
    expect(run("read", { path: "$(echo lib/promise.js); echo hacked" })).toMatch(/can't read[^]*\[exit code/);
  });
});
