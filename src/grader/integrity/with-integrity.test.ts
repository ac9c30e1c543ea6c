import { describe, expect, it } from "vitest";
import type { SandboxTree } from "../../sandbox/sandbox-tree.ts";
import { gradeInput, recordedWorld } from "../../../test/support/grader/grade-input.ts";
import { noCleanSandbox } from "../../../test/support/grader/no-sandbox.ts";
import { compileGrader } from "../compile-grader.ts";
import { graderSchema } from "../schema.ts";

const content = new TextEncoder().encode("def test_a(): assert add(2, 3) == 5\n");
const assets = new Map([["path:tests", [{ path: "tests/test_a.py", content, isExecutable: false }]]]);

/** Tests of the agent's files, and what its answer says of them. */
const both = (integrity: readonly string[], formula: string) => ({
  type: "multi",
  name: "both",
  graders: {
    tests: {
      type: "command",
      name: "tests",
      argv: ["python3", "grade.py"],
      files: [{ from: "src", to: "src" }],
      assets: { path: "tests" },
    },
    said: {
      type: "string_check",
      name: "said",
      operation: "eq",
      input: "{{ sample.output_text }}",
      reference: "done",
    },
  },
  calculate_output: formula,
  integrity,
});

describe("files that an agent makes unreadable", () => {
  const grade = (found: SandboxTree, integrity: readonly string[], formula = "max(tests, said)") => {
    const { deps } = recordedWorld([], noCleanSandbox, { take: async () => found });
    return compileGrader(graderSchema.parse(both(integrity, formula)), { passThreshold: 1, assets }).grade(
      gradeInput({}, "done"),
      deps,
    );
  };

  it.each([
    { kind: "refused", reason: "link" },
    { kind: "refused", reason: "too_large" },
  ] as const)("switch off none of a multi's checks: $reason", async (found) => {
    expect(await grade(found, ["no_early_exit", "no_skips", "no_patched_comparison"])).toMatchObject({
      reward: 0,
      passed: false,
      subRewards: { tests: 0, said: 1 },
      flags: [
        "agent_files_refused",
        "integrity:no_early_exit:unread",
        "integrity:no_skips:unread",
        "integrity:no_patched_comparison:unread",
      ],
      evidence: { "no_early_exit.why": found.reason },
    });
    expect(await grade(found, ["tests_unchanged"])).toMatchObject({
      reward: 0,
      flags: ["agent_files_refused", "integrity:tests_unchanged:changed"],
    });
  });

  it("raise no reward by a formula that counts the tests down", async () => {
    expect(await grade({ kind: "refused", reason: "link" }, ["no_skips"], "1 - tests")).toMatchObject({
      reward: 0,
    });
  });

  it("leave the other parts their points where nobody asked for checks", async () => {
    expect(await grade({ kind: "refused", reason: "link" }, [])).toMatchObject({
      reward: 1,
      flags: ["agent_files_refused"],
      integrity: [],
    });
  });
});
