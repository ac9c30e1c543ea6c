import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createToolRunner } from "../../../src/rollout/tools/run-tool.ts";
import type { CallReturn } from "../../../src/rollout/state.ts";
import { LocalSession } from "../../support/tools/local-session.ts";
import { runnerDeps, toolRun, toolsOf } from "../../support/tools/tool-run.ts";

let session: LocalSession;
beforeEach(async () => {
  session = await LocalSession.open();
});
afterEach(() => session.remove());

const runner = createToolRunner(toolsOf({ preset: "files" }), runnerDeps({ outputBytes: 100 }));
const call = (name: string, args: object): Promise<CallReturn> => runner(toolRun(name, args, { session }));
const write = (path: string, text: string): Promise<void> =>
  session.writeFile(path, Buffer.from(text), `setup ${path}`);
const onDisk = (path: string): Promise<string> => readFile(join(session.folder, path), "utf8");

describe("the files preset", () => {
  it("lists a folder with its hidden files, folders marked", async () => {
    await write("b/c.txt", "");
    await write(".a", "");
    expect(await call("list_files", { path: "." })).toMatchObject({ output: ".a\nb/\n", result: "ok" });
  });

  it("reads a file verbatim, or a range of its lines", async () => {
    await write("f", "1\n2\n3\n4");
    expect((await call("read_file", { path: "f" })).output).toBe("1\n2\n3\n4");
    const range = { path: "f", start_line: 2, end_line: 3 };
    expect((await call("read_file", range)).output).toBe("2\n3\n");
    expect((await call("read_file", { path: "f", start_line: 4 })).output).toBe("4");
  });

  it.each([
    [{ path: "none" }, "none: there is no such file"],
    [{ path: "f", start_line: 9 }, "start_line 9 is past the file's 2 lines."],
    [{ path: "f", start_line: 2, end_line: 1 }, "end_line 1 is before start_line 2."],
  ])("says why %j can't be read", async (args, sentence) => {
    await write("f", "1\n2\n");
    const returned = await call("read_file", args);
    expect(returned).toMatchObject({ result: "failed", output: expect.stringContaining(sentence) });
  });

  it("cuts a long file at outputBytes", async () => {
    await write("f", "x".repeat(150));
    expect(await call("read_file", { path: "f" })).toMatchObject({
      output: `${"x".repeat(100)}\n[truncated 50 bytes]`,
      truncatedBytes: 50,
    });
  });

  it("writes a file and its folders", async () => {
    const returned = await call("write_file", { path: "a/b/c", content: "ä" });
    expect(returned).toMatchObject({ output: "Wrote 2 bytes to a/b/c.", result: "ok" });
    expect(await onDisk("a/b/c")).toBe("ä");
  });

  it("shows a refused write to the model instead of failing the attempt", async () => {
    await write("folder/x", "");
    expect(await call("write_file", { path: "folder", content: "" })).toMatchObject({
      output: "folder can't be written.",
      result: "failed",
    });
  });

  it("applies a patch that changes, adds, moves and removes files", async () => {
    await write("keep", "a\nb\n");
    await write("gone", "x\n");
    await write("before", "m\n");
    const patch = [
      "--- a/keep",
      "+++ b/keep",
      "@@ -1,2 +1,2 @@",
      " a",
      "-b",
      "+B",
      "--- /dev/null",
      "+++ b/new",
      "@@ -0,0 +1 @@",
      "+n",
      "--- a/before",
      "+++ b/after",
      "@@ -1 +1 @@",
      "-m",
      "+M",
      "--- a/gone",
      "+++ /dev/null",
      "@@ -1 +0,0 @@",
      "-x",
    ].join("\n");
    const returned = await call("apply_patch", { patch });
    expect(returned).toMatchObject({
      output: "Changed keep\nAdded new\nMoved after\nRemoved before\nRemoved gone\n",
      result: "ok",
    });
    expect(await onDisk("keep")).toBe("a\nB\n");
    expect(await onDisk("new")).toBe("n\n");
    expect(await onDisk("after")).toBe("M\n");
    expect((await call("list_files", { path: "." })).output).toBe("after\nkeep\nnew\n");
  });

  it("changes nothing when one hunk of many does not fit", async () => {
    await write("a", "1\n");
    await write("b", "2\n");
    const patch = [
      "--- a/a",
      "+++ b/a",
      "@@ -1 +1 @@",
      "-1",
      "+one",
      "--- a/b",
      "+++ b/b",
      "@@ -1 +1 @@",
      "-zwei",
      "+two",
    ].join("\n");
    const returned = await call("apply_patch", { patch });
    expect(returned.result).toBe("failed");
    expect(returned.output).toContain("b: Hunk 1 does not fit");
    expect(await onDisk("a")).toBe("1\n");
  });

  it("gives the same answer and changes nothing twice when a patch is asked for again", async () => {
    await write("f", "1\n");
    const patch = ["--- a/f", "+++ b/f", "@@ -1 +1,2 @@", " 1", "+1"].join("\n");
    const first = await call("apply_patch", { patch });
    const again = await call("apply_patch", { patch });
    expect(again.output).toBe(first.output);
    expect(await onDisk("f")).toBe("1\n1\n");
  });
});
