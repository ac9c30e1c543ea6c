import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SandboxTree } from "../../sandbox/sandbox-tree.ts";
import { readCommandResult } from "./command-result.ts";
import type { CommandResult } from "./command-result.ts";
import { layOut } from "./lay-out.ts";
import { scoreCommand } from "./score-command.ts";
import { hasBegun, signedBody } from "./signed-result.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string) => ({ path, content: bytes(path), isExecutable: false });
const tree = (...paths: readonly string[]): SandboxTree => ({ kind: "files", files: paths.map(file) });
const sign = (body: string, key = "key"): string => createHmac("sha256", key).update(body).digest("hex");

describe("what a clean sandbox gets of the agent's files", () => {
  const placed = (to: string, found: SandboxTree, assets: readonly string[] = []) => {
    const result = layOut([{ to, tree: found }], assets.map(file));
    return result.kind === "laid_out" ? result.files.map(({ path }) => path) : result.reason;
  };

  it("is placed where the grader says", () => {
    expect(placed("a.py", tree(""))).toEqual(["a.py"]);
    expect(placed("./src/", tree("a.py", "b/c.py"))).toEqual(["src/a.py", "src/b/c.py"]);
    expect(placed(".", tree("a.py"))).toEqual(["a.py"]);
    expect(placed(".", tree(""))).toEqual([]);
  });

  it.each([
    ["the same file", "tests/a.py", ["tests/a.py"]],
    ["a file in place of a folder", "tests", ["tests/a.py"]],
    ["a folder in place of a file", "tests/a.py/b", ["tests/a.py"]],
    ["a file of ours", ".rollyard/rollyard_grade.py", []],
    ["our folder", ".rollyard", []],
    ["a result that nobody wrote", ".rollyard/result", []],
  ])("never stands in the way of the author's: %s", (_case, path, assets) => {
    expect(placed(".", tree(path, "kept.py"), assets)).toEqual(["kept.py"]);
  });

  it("is refused as a whole where a part is refused or all are too much", () => {
    expect(placed("a", { kind: "refused", reason: "link" })).toBe("link");
    const half = { path: "a", content: new Uint8Array(17 * 1024 * 1024), isExecutable: false };
    const both = ["one", "two"].map((to) => ({ to, tree: { kind: "files", files: [half] } as const }));
    expect(layOut(both, [])).toEqual({ kind: "refused", reason: "too_large" });
  });

  it("says that a path has nothing, and that the agent ended its sandbox", () => {
    const none = (tree: SandboxTree) => layOut([{ to: "a", tree }], []);
    expect(none({ kind: "absent" })).toMatchObject({ files: [], isIncomplete: true, isEnded: false });
    expect(none({ kind: "absent", ended: true })).toMatchObject({ isIncomplete: true, isEnded: true });
  });
});

describe("a command's result", () => {
  it("counts only when its first line signs the rest with the run's key", () => {
    const signed = `${sign("body\nmore")}\nbody\nmore`;
    expect(Buffer.from(signedBody(bytes(signed), "key") ?? []).toString()).toBe("body\nmore");
    for (const other of [
      `${sign("body", "guess")}\nbody`,
      "body",
      "",
      `key\nbody`,
      `${sign("body")}\nbodY`,
    ]) {
      expect(signedBody(bytes(other), "key")).toBeNull();
    }
    expect(signedBody(null, "key")).toBeNull();
  });

  it("tells by a signed first line of stdout that the agent's code may run", () => {
    expect(hasBegun(`begun ${sign("begun")}\nmore`, "key")).toBe(true);
    expect(hasBegun(`x\nbegun ${sign("begun")}`, "key")).toBe(false);
    expect(hasBegun("begun", "key")).toBe(false);
  });

  it("may be a JUnit report", () => {
    const report = `<?xml version="1.0"?><testsuites><testsuite>
      <testcase classname="tests.test_a" name="test_x[1 &lt; 2]"/>
      <testcase classname="t" name="out"><system-out><![CDATA[<failure/> <testcase name="forged"/>]]></system-out></testcase>
      <testcase name="bad"><failure message="x">y</failure></testcase>
      <testcase name='broken'><error/></testcase>
      <testcase name="skip"><skipped/></testcase>
      </testsuite></testsuites>`;
    expect(readCommandResult(bytes(report))).toMatchObject({
      tests: [
        { id: "tests.test_a::test_x[1 < 2]", outcome: "passed" },
        { id: "t::out", outcome: "passed" },
        { id: "bad", outcome: "failed" },
        { id: "broken", outcome: "failed" },
        { id: "skip", outcome: "skipped" },
      ],
    });
  });

  it.each([
    "<testsuites/>",
    "{}",
    "[]",
    "null",
    "",
    '{"state":"done"}',
    '{"state":"done","tests":[{"id":1}]}',
  ])("is none when it reads %s", (text) => {
    expect(readCommandResult(bytes(text))).toBeNull();
  });
});

describe("the score of a command", () => {
  const run = { exitCode: 0, signal: "", timedOut: false, outOfMemory: false, durationMs: 1 };
  const done = (
    outcomes: Readonly<Record<string, "passed" | "failed" | "skipped">>,
    more = {},
  ): CommandResult => ({
    state: "done",
    tests: Object.entries(outcomes).map(([id, outcome]) => ({ id, outcome })),
    metrics: {},
    ...more,
  });
  const score = (result: CommandResult | null, fields = {}, tests: readonly string[] | null = ["a", "b"]) =>
    scoreCommand({ name: "t", tests }, { run: { ...run, ...fields }, hasBegun: true, result });

  it("is the share of the wanted tests that passed; others don't count, and what is not reported failed", () => {
    expect(score(done({ a: "passed", b: "failed", c: "passed" }))).toMatchObject({ reward: 0.5, flags: [] });
    expect(score(done({ a: "passed", c: "passed" }))).toMatchObject({
      reward: 0.5,
      flags: ["command_tests_missing"],
    });
    expect(score(done({ a: "passed", b: "skipped" }), {}, null)).toMatchObject({ reward: 0.5 });
  });

  it("does not depend on the exit code, and takes a test that failed once for failed", () => {
    const twice = done({});
    const tests = [
      { id: "a", outcome: "passed" },
      { id: "a", outcome: "failed" },
      { id: "b", outcome: "passed" },
    ] as const;
    expect(score({ ...twice, tests: [...tests] } as CommandResult, { exitCode: 3 })).toMatchObject({
      reward: 0.5,
    });
  });

  it("is what the command says where it gives one, and all of the tests were reported", () => {
    expect(score(done({ a: "passed", b: "failed" }, { score: -2 }))).toMatchObject({ reward: -2 });
    expect(score(done({ a: "passed" }, { score: 7 }))).toMatchObject({ reward: 0.5 });
  });

  it("is 0 where the agent's code ended the command", () => {
    expect(score(null)).toMatchObject({ reward: 0, flags: ["command_no_result"] });
    expect(score(null, { exitCode: 139, signal: "SIGSEGV" })).toMatchObject({ reward: 0 });
  });

  it.each([
    ["its time ran out", { timedOut: true }],
    ["memory ran out", { outOfMemory: true }],
    ["something killed it", { signal: "SIGKILL", exitCode: 137 }],
  ])("is none where %s", (_case, fields) => {
    expect(() => score(null, fields)).toThrow(expect.objectContaining({ code: "grader_failed" }));
  });

  it("is none where the fault is the command's own", () => {
    const own =
      (fields: object, result: CommandResult | null = null) =>
      () =>
        scoreCommand({ name: "t", tests: null }, { run: { ...run, ...fields }, hasBegun: false, result });
    expect(own({ exitCode: 127 })).toThrow(expect.objectContaining({ code: "grader_config_error" }));
    expect(own({ exitCode: 1 })).toThrow(expect.objectContaining({ code: "grader_failed" }));
    expect(own({}, done({}))).toThrow(expect.objectContaining({ code: "grader_bad_answer" }));
    expect(own({}, { state: "failed", kind: "KeyError", line: 7 })).toThrow(/KeyError at line 7/u);
  });
});
