import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../test/support/lib/any-text.ts";
import { cutUtf8 } from "./cut-utf8.ts";
import { formatOutput } from "./format-output.ts";
import type { ToolText } from "./format-output.ts";

const ran = (fields: Partial<ToolText>): ToolText => ({
  stdout: "",
  stderr: "",
  exitCode: 0,
  timedOut: false,
  timeoutMs: 20_000,
  outOfMemory: false,
  truncatedBytes: 0,
  ...fields,
});
const shown = (fields: Partial<ToolText>, outputBytes = 1000): string =>
  formatOutput(ran(fields), outputBytes).output;

describe("what the model sees of a tool", () => {
  it.each([
    ["stdout alone, verbatim", { stdout: "a\nb" }, "a\nb"],
    ["nothing at all", {}, ""],
    ["stderr under its line", { stdout: "a", stderr: "warn\n" }, "a\n[stderr]\nwarn\n"],
    ["stderr alone", { stderr: "warn" }, "[stderr]\nwarn"],
    ["a failure", { stdout: "a\n", exitCode: 2 }, "a\n[exit code 2]"],
    ["a silent failure", { exitCode: 1 }, "[exit code 1]"],
    ["both and a failure", { stdout: "a", stderr: "b", exitCode: 1 }, "a\n[stderr]\nb\n[exit code 1]"],
    ["a timeout", { stdout: "a", exitCode: 137, timedOut: true }, "a\n[timed out after 20 s]"],
    ["a short timeout", { exitCode: 137, timedOut: true, timeoutMs: 1234 }, "[timed out after 1.2 s]"],
    ["memory", { exitCode: 137, outOfMemory: true }, "[killed: out of memory]"],
    ["cut output", { stdout: "a", truncatedBytes: 99 }, "a\n[truncated 99 bytes]"],
    [
      "cut output of a failure",
      { stdout: "a", truncatedBytes: 9, exitCode: 3 },
      "a\n[exit code 3]\n[truncated 9 bytes]",
    ],
  ])("shows %s", (_name, fields, expected) => {
    expect(shown(fields)).toBe(expected);
  });

  it("counts what it cuts itself with what sandboxd cut", () => {
    expect(shown({ stdout: "abcdef", stderr: "xyz", truncatedBytes: 5 }, 4)).toBe(
      "abcd\n[truncated 10 bytes]",
    );
  });

  it("gives stdout the room first", () => {
    expect(shown({ stdout: "abc", stderr: "xyz" }, 5)).toBe("abc\n[stderr]\nxy\n[truncated 1 bytes]");
  });

  it("replaces half characters that JSON can hold but UTF-8 can't", () => {
    expect(shown({ stdout: "a\ud800b" })).toBe("a\ufffdb");
  });

  it("never shows more bytes of output than allowed, nor half a character", () => {
    fc.assert(
      fc.property(anyText(), fc.nat(64), (text, maxBytes) => {
        const wellFormed = text.toWellFormed();
        const cut = cutUtf8(wellFormed, maxBytes);
        expect(Buffer.byteLength(cut.text)).toBeLessThanOrEqual(maxBytes);
        expect(Buffer.byteLength(cut.text) + cut.cutBytes).toBe(Buffer.byteLength(wellFormed));
        expect(wellFormed.startsWith(cut.text)).toBe(true);
      }),
    );
  });
});
