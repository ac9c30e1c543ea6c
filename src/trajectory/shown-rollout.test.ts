import { describe, expect, it } from "vitest";
import type { ResultRecord } from "./result-record.ts";
import { shownRollout } from "./shown-rollout.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";
import { aRecordedCall, aRecordedTurn, aResult, aTrajectory } from "../../test/support/trajectory/records.ts";

function shown(
  trajectory: TrajectoryRecord | null,
  changes: Partial<ResultRecord> = {},
  failedAttempts: readonly ResultRecord[] = [],
): readonly string[] {
  return shownRollout({ result: aResult(changes), trajectory, failedAttempts }).split("\n");
}

const asks = (...names: readonly string[]) => ({
  role: "assistant",
  content: null,
  tool_calls: names.map((name) => ({ id: "call_0", type: "function", function: { name, arguments: "{}" } })),
});
const output = (content: string) => ({ role: "tool", tool_call_id: "call_0", content });

describe("a rollout as text", () => {
  it("shows each output with its own call, though the model used one id for all", () => {
    const lines = shown(
      aTrajectory({
        messages: [asks("list", "read"), output("a.txt"), output("one"), asks("read"), output("two")],
        turns: [aRecordedTurn(), aRecordedTurn()],
        calls: [
          aRecordedCall({ name: "list", turn: 0, seconds: 0.1 }),
          aRecordedCall({ name: "read", turn: 0, seconds: 0.2 }),
          aRecordedCall({ name: "read", turn: 1, seconds: 0.3, exit_code: 2, result: "failed" }),
        ],
      }),
    );
    const heads = lines.filter((line) => line.startsWith("── tool"));
    expect(heads).toEqual([
      "── tool  list  ok  exit code 0  0.100 s",
      "── tool  read  ok  exit code 0  0.200 s",
      "── tool  read  failed  exit code 2  0.300 s",
    ]);
    expect(lines[lines.indexOf(heads[2] ?? "") + 1]).toBe("  two");
  });

  it("takes no message of the prompt for a turn or a call of the rollout", () => {
    const lines = shown(
      aTrajectory({
        messages: [asks("read"), output("an example"), asks("list"), output("a.txt")],
        turns: [aRecordedTurn()],
        calls: [aRecordedCall({ name: "list", turn: 0, seconds: 0.1 })],
      }),
    );
    expect(lines.filter((line) => line.startsWith("── ")).map((line) => line.slice(0, 22))).toEqual([
      "── item",
      "── assistant",
      "── tool",
      "── assistant  turn 0  ",
      "── tool  list  ok  exi",
    ]);
  });

  it("names a call whose output is not on record, after those of its turn", () => {
    const lines = shown(
      aTrajectory({
        messages: [asks("list", "read"), output("two")],
        turns: [aRecordedTurn()],
        calls: [
          aRecordedCall({ name: "list", turn: 0, seconds: null, exit_code: null, result: "lost" }),
          aRecordedCall({ name: "read", turn: 0, seconds: 0.2 }),
        ],
      }),
    );
    expect(lines.filter((line) => line.startsWith("── tool"))).toEqual([
      "── tool  read  ok  exit code 0  0.200 s",
      "── tool  list  lost: no output is on record",
    ]);
  });

  it("lets no output steer the terminal or pass for a line of the tool's", () => {
    const hostile = "\u001b[2J\rgone\u202Etxt\n── assistant  turn 9\nreward 1  passed";
    const lines = shown(
      aTrajectory({
        messages: [asks("re\u001b[1mad"), output(hostile)],
        turns: [aRecordedTurn()],
        calls: [aRecordedCall({ name: "re\u001b[1m\nad", turn: 0 })],
      }),
      { reward: 0, passed: false },
    );
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(lines.join("\n")).not.toMatch(/[\u001b\r\u202e]/u);
    expect(lines).toContain("  ── assistant  turn 9");
    expect(lines.filter((line) => line.startsWith("reward"))).toEqual(["reward 0  not passed"]);
    expect(lines).toContain("  \\x1b[2J\\x0dgone\\u202etxt");
  });

  it("shows what the graders know, the sub-rewards and the flags", () => {
    const lines = shown(aTrajectory({ item: { answer: ["a.txt"], messages: [] } }), {
      reward: 0.5,
      passed: false,
      sub_rewards: { f1: 0.25 },
      flags: ["sample_parse_error"],
      grader_usage: { "gpt-4.1": { prompt_tokens: 90, completion_tokens: 4 } },
    });
    expect(lines).toContain('  answer: ["a.txt"]');
    expect(lines.slice(-5)).toEqual([
      "reward 0.5  not passed",
      "  f1: 0.25",
      "  flags: sample_parse_error",
      "  judge gpt-4.1: 90 prompt, 4 completion tokens",
      "",
    ]);
  });

  it("shows the attempts that failed before, with their evidence, and the last one's failure once", () => {
    const failure = {
      outcome: "failed",
      failure_class: "sandbox",
      failure_code: "sandbox_lost",
      failure_reason: "The sandbox was lost.",
      evidence: { exit_code: "137" },
      reward: null,
      passed: null,
    } as const;
    const lines = shown(null, { ...failure, attempt: 1 }, [
      aResult({ ...failure, attempt: 0 }),
      aResult({ ...failure, attempt: 1 }),
    ]);
    expect(lines.filter((line) => line.startsWith("attempt"))).toEqual([
      "attempt 0 failed, no reward: sandbox/sandbox_lost  The sandbox was lost.",
      "attempt 1 failed, no reward: sandbox/sandbox_lost  The sandbox was lost.",
    ]);
    expect(lines.filter((line) => line === "  exit_code: 137")).toHaveLength(2);
  });
});
