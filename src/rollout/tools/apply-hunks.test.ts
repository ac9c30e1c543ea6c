import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyHunks } from "./apply-hunks.ts";
import { parseUnifiedDiff } from "./unified-diff.ts";

/** The text after a patch of one file; the sentence when it does not fit. */
function patched(text: string, ...lines: readonly string[]): string {
  const parsed = parseUnifiedDiff(["--- a/f", "+++ b/f", ...lines].join("\n"));
  if (!parsed.ok) return parsed.problem;
  const result = applyHunks(text, parsed.files[0]?.hunks ?? []);
  return result.ok ? result.text : result.problem;
}

describe("applying a unified diff", () => {
  it("changes, adds and removes lines", () => {
    expect(patched("a\nb\nc\n", "@@ -1,3 +1,3 @@", " a", "-b", "+B", "+b2", " c")).toBe("a\nB\nb2\nc\n");
  });

  it("finds the place when line numbers and counts are wrong", () => {
    const text = "x\n".repeat(50) + "a\nb\n";
    expect(patched(text, "@@ -3,99 +3,7 @@", " a", "-b", "+B")).toBe("x\n".repeat(50) + "a\nB\n");
  });

  it("finds the place without any line number", () => {
    expect(patched("a\nb\n", "@@", "-b", "+B")).toBe("a\nB\n");
  });

  it("takes the place that is nearest to the named line", () => {
    const text = "same\n".repeat(10);
    expect(patched(text, "@@ -5 +5 @@", "-same", "+here")).toBe(
      "same\n".repeat(4) + "here\n" + "same\n".repeat(5),
    );
  });

  it("lets later hunks drift as the earlier ones did", () => {
    const text = ["new", "k", "a", "k", "b", "k", "c"].join("\n") + "\n";
    const lines = ["@@ -2 +2 @@", "-a", "+A", "@@ -3,2 +3,2 @@", " k", "-b", "+B"];
    expect(patched(text, ...lines)).toBe("new\nk\nA\nk\nB\nk\nc\n");
  });

  it("overlooks blanks at line ends, and keeps those of the file", () => {
    expect(patched("a  \nb\n", "@@ -1,2 +1,2 @@", " a", "-b", "+B")).toBe("a  \nB\n");
  });

  it("keeps a file's CRLF", () => {
    expect(patched("a\r\nb\r\n", "@@ -1,2 +1,2 @@", " a", "-b", "+B")).toBe("a\r\nB\r\n");
  });

  it("takes an empty line for an empty line of context", () => {
    expect(patched("a\n\nb\n", "@@ -1,3 +1,3 @@", " a", "", "-b", "+B")).toBe("a\n\nB\n");
  });

  it("inserts after the named line when a hunk has no old lines", () => {
    expect(patched("a\nb\n", "@@ -1,0 +2 @@", "+x")).toBe("a\nx\nb\n");
  });

  it("adds to the end of a file that lacks its last newline", () => {
    expect(patched("a", "@@ -1 +1,2 @@", " a", "+b")).toBe("a\nb\n");
  });

  it("obeys the marker of a missing last newline", () => {
    const lines = ["@@ -1 +1 @@", "-a", "+b", "\\ No newline at end of file"];
    expect(patched("a\n", ...lines)).toBe("b");
  });

  it("removes a line that looks like a file header", () => {
    expect(patched("-- x\ny\n", "@@ -1,2 +1,1 @@", "--- x", " y")).toBe("y\n");
  });

  it("names the first hunk that does not fit, and its first line", () => {
    expect(patched("a\n", "@@ -1 +1 @@", "-zzz", "+b")).toBe(
      'Hunk 1 does not fit: its 1 old lines, from "zzz" on, are not in the file.',
    );
  });

  it("says what is missing of a text that is no diff", () => {
    const parsed = parseUnifiedDiff("*** Begin Patch\n*** End Patch");
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining("--- a/path") });
  });

  it("reads git's headers, new and removed files", () => {
    const parsed = parseUnifiedDiff(
      [
        "diff --git a/n b/n",
        "new file mode 100644",
        "--- /dev/null",
        "+++ b/n",
        "@@ -0,0 +1 @@",
        "+x",
        "diff --git a/old b/old",
        "deleted file mode 100644",
        "--- a/old\t2026-01-01",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-y",
        "",
      ].join("\n"),
    );
    expect(parsed).toMatchObject({
      ok: true,
      files: [
        { oldPath: null, newPath: "n", hunks: [{ lines: [{ kind: "add", text: "x" }] }] },
        { oldPath: "old", newPath: null, hunks: [{ lines: [{ kind: "remove", text: "y" }] }] },
      ],
    });
  });

  it("turns any text into any other when the whole of it is replaced", () => {
    const lines = fc.array(fc.stringMatching(/^[a-c +@-]{0,4}$/), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const hunk = [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)];
        expect(patched(`${before.join("\n")}\n`, "@@ -1 +1 @@", ...hunk)).toBe(`${after.join("\n")}\n`);
      }),
    );
  });
});
