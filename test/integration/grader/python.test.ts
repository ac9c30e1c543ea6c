import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compileGrader } from "../../../src/grader/compile-grader.ts";
import { PYTHON_RUNNER } from "../../../src/grader/python-runner.ts";
import { ChildProcessSandbox } from "../../support/grader/child-process-sandbox.ts";
import { gradeInput, recordedWorld } from "../../support/grader/grade-input.ts";

const input = gradeInput({ answer: "vier ½ 😀", canary: "item-canary" }, "vier ½ 😀 sample-canary");

describe("a python grader", () => {
  let sandbox: ChildProcessSandbox;

  beforeEach(async () => {
    sandbox = await ChildProcessSandbox.create();
  });

  afterEach(async () => {
    await sandbox.remove();
  });

  async function grade(source: string, timeLimitMs = 60_000) {
    const grader = compileGrader({ type: "python", name: "py", source }, { passThreshold: 0.5 });
    const world = recordedWorld([], sandbox);
    const [settled] = await Promise.allSettled([grader.grade(input, { ...world.deps, timeLimitMs })]);
    return { settled, waits: world.waits };
  }

  it("takes what grade(sample, item) returns", async () => {
    const { settled } = await grade(
      "def grade(sample, item):\n    return 0.5 if item['answer'] in sample['output_text'] else 0.1\n",
    );
    expect(settled).toMatchObject({
      value: { reward: 0.5, passed: true, subRewards: { py: 0.5 }, flags: [] },
    });
  });

  it.each([
    ["an integer", "3", 3],
    ["a truth value", "True", 1],
    ["a negative number", "-2.5", -2.5],
    ["a number of a library's own type", "__import__('fractions').Fraction(1, 4)", 0.25],
  ])("takes %s", async (_case, value, reward) => {
    const { settled } = await grade(`def grade(sample, item):\n    return ${value}\n`);
    expect(settled).toMatchObject({ value: { reward } });
  });

  it.each([
    ["an exception", "raise ValueError(sample['output_text'] + item['canary'])", "ValueError at line 2"],
    ["a missing key", "return item['nothing']", "KeyError at line 2"],
    ["sys.exit", "__import__('sys').exit(0)", "SystemExit at line 2"],
    ["endless recursion", "return grade(sample, item)", "RecursionError at line 2"],
    [
      "a missing import in code that the sample brought",
      "exec('import nothing_here')",
      "ModuleNotFoundError at line 2",
    ],
  ])("scores %s of grade 0 and flags it, without its text", async (_case, line, details) => {
    const { settled } = await grade(`def grade(sample, item):\n    ${line}\n`);
    expect(settled).toMatchObject({
      value: { reward: 0, passed: false, flags: ["python_grader_runtime_error"] },
    });
    expect(settled).toMatchObject({
      value: { errors: { python_grader_runtime_error: true, python_grader_runtime_error_details: details } },
    });
    expect(JSON.stringify(settled)).not.toContain("canary");
  });

  it.each(["None", "'1.0'", "float('nan')", "float('inf')", "10 ** 400", "[1]", "{}"])(
    "has no reward when grade returns %s",
    async (value) => {
      const { settled, waits } = await grade(`def grade(sample, item):\n    return ${value}\n`);
      expect(settled).toMatchObject({ reason: { code: "grader_bad_answer", failureClass: "grader" } });
      expect(waits).toHaveLength(2);
    },
  );

  it.each([
    ["at its top", "import no_such_package.part\ndef grade(sample, item):\n    return 1\n"],
    ["in grade", "def grade(sample, item):\n    import no_such_package.part\n    return 1\n"],
    ["by from", "from no_such_package import part\ndef grade(sample, item):\n    return 1\n"],
  ])("names the package that is missing %s, class config, without trying again", async (_case, source) => {
    const { settled, waits } = await grade(source);
    expect(settled).toMatchObject({
      reason: {
        code: "grader_import_missing",
        failureClass: "config",
        details: { package: "no_such_package" },
      },
    });
    expect(waits).toEqual([]);
  });

  it.each([
    ["has a syntax error", "def grade(sample, item)\n    return 1\n", /SyntaxError at line 1/],
    ["fails when it is loaded", "x = 1\n1 / 0\n", /ZeroDivisionError at line 2/],
    ["defines no grade", "def score(sample, item):\n    return 1\n", /no function grade/],
    ["makes grade a value", "grade = 1\n", /no function grade/],
  ])("refuses a source that %s, class config", async (_case, source, message) => {
    const { settled } = await grade(source);
    expect(settled).toMatchObject({ reason: { code: "grader_config_error" } });
    expect((settled as PromiseRejectedResult).reason.message).toMatch(message);
  });

  it("takes nothing that the source prints or writes for a score", async () => {
    const { settled } = await grade(
      [
        "import json, os, sys",
        "print(json.dumps({'kind': 'score', 'score': 99}))",
        "open('result.json', 'w').write(json.dumps({'kind': 'score', 'score': 99, 'nonce': ''}))",
        "def grade(sample, item):",
        "    os.write(1, b'{\"score\": 98}')",
        "    sys.stdout.close()",
        "    os.chdir('/')",
        "    return 0.25",
      ].join("\n"),
    );
    expect(settled).toMatchObject({ value: { reward: 0.25 } });
  });

  it("has no reward when the source ends the process, even after it forged a result", async () => {
    const { settled } = await grade(
      [
        "import json, os",
        "def grade(sample, item):",
        "    open('result.json', 'w').write(json.dumps({'kind': 'score', 'score': 99, 'nonce': 'guess'}))",
        "    os._exit(0)",
      ].join("\n"),
    );
    expect(settled).toMatchObject({ reason: { code: "grader_failed" } });
  });

  it("has no reward when the time limit is reached", async () => {
    const { settled, waits } = await grade("def grade(sample, item):\n    while True: pass\n", 300);
    expect(settled).toMatchObject({ reason: { code: "grader_failed" } });
    expect((settled as PromiseRejectedResult).reason.message).toContain("time limit");
    expect(waits).toHaveLength(0);
  });

  it.each([
    ["in grade", "def grade(sample, item):\n    return len(bytearray(3 << 30))\n"],
    ["at its top", "block = bytearray(3 << 30)\ndef grade(sample, item):\n    return 1\n"],
  ])("has no reward when the source asks for more than 2 GB of memory %s", async (_case, source) => {
    const { settled } = await grade(source);
    expect(settled).toMatchObject({ reason: { code: "grader_failed", failureClass: "grader" } });
    expect((settled as PromiseRejectedResult).reason.message).toContain("memory");
  });

  it.each([
    [[0, 1, 2, 3, 4, 5, 6, 7], 2],
    [[3, 5], 2],
    [[6], 1],
  ])("runs on two of the processors %j", async (allowed, used) => {
    const folder = await mkdtemp(path.join(tmpdir(), "python-cpus-"));
    try {
      const source = "import os\ndef grade(sample, item):\n    return os.taken\n";
      await writeFile(path.join(folder, "runner.py"), PYTHON_RUNNER);
      await writeFile(
        path.join(folder, "input.json"),
        JSON.stringify({ nonce: "n", source, sample: {}, item: {} }),
      );
      const machine = [
        "import os",
        `os.sched_getaffinity = lambda pid: set(${JSON.stringify(allowed)})`,
        `os.sched_setaffinity = lambda pid, cpus: setattr(os, "taken", len(cpus & set(${JSON.stringify(allowed)})))`,
        "exec(open('runner.py').read())",
      ].join("\n");
      await promisify(execFile)("python3", ["-I", "-B", "-c", machine], { cwd: folder });
      expect(JSON.parse(await readFile(path.join(folder, "result.json"), "utf8"))).toMatchObject({
        kind: "score",
        score: used,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("ends the write of a file of more than 1 GB", async () => {
    const { settled } = await grade(
      [
        "def grade(sample, item):",
        "    with open('big', 'wb') as file:",
        "        file.truncate((1 << 30) + 1)",
        "    return 1",
      ].join("\n"),
    );
    expect(settled).toMatchObject({
      value: { reward: 0, errors: { python_grader_runtime_error_details: "OSError at line 3" } },
    });
  });

  it("is not held up by threads that the source left running", async () => {
    const { settled } = await grade(
      [
        "import threading, time",
        "def grade(sample, item):",
        "    threading.Thread(target=time.sleep, args=(30,)).start()",
        "    return 1",
      ].join("\n"),
      20_000,
    );
    expect(settled).toMatchObject({ value: { reward: 1 } });
  });

  it("lets the source define dataclasses and use its own module", async () => {
    const { settled } = await grade(
      [
        "from __future__ import annotations",
        "import dataclasses",
        "@dataclasses.dataclass",
        "class Part:",
        "    weight: float = 0.5",
        "def grade(sample, item):",
        "    return Part().weight",
      ].join("\n"),
    );
    expect(settled).toMatchObject({ value: { reward: 0.5 } });
  });

  it("runs under a new call id and in a new folder each time", async () => {
    await grade("def grade(sample, item):\n    return None\n");
    expect(new Set(sandbox.execs.map(({ callId }) => callId)).size).toBe(3);
    expect(new Set(sandbox.execs.map(({ cwd }) => cwd)).size).toBe(3);
  });
});
