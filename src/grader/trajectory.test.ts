import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import type { CallState, TurnState } from "../rollout/state.ts";
import { GraderGates } from "./grader-gates.ts";
import { noJudges } from "./judges/judge.ts";
import { compileTrajectory } from "./trajectory.ts";
import type { TrajectorySpec } from "./trajectory.ts";
import { trajectoryFacts } from "./trajectory-facts.ts";

const tools = ["search", "run-tests", "lookup"];

function call(name: string, args = "{}", result: "ok" | "failed" | "rejected" | null = "ok"): CallState {
  return {
    turn: 0,
    index: 0,
    callId: "c",
    name,
    argumentsJson: args,
    calledAtMs: 0,
    returned:
      result === null
        ? null
        : {
            output: "",
            result,
            exitCode: 0,
            startedAtMs: 1000,
            durationMs: 500,
            timedOut: false,
            outOfMemory: false,
            truncatedBytes: 0,
            replayed: false,
          },
  };
}

function turn(calls: readonly CallState[], usage: TurnState["usage"] = null): TurnState {
  return {
    turn: 0,
    message: { role: "assistant", content: null },
    nativeItemsJson: null,
    finishReason: "stop",
    usage,
    policyVersion: "",
    startedAtMs: 0,
    modelMs: 1500,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
    calls,
  };
}

const usage = { promptTokens: 100, completionTokens: 20, cachedTokens: 0, reasoningTokens: 0 };

function factsOf(
  turns: readonly TurnState[],
  reason: "answered" | "max_turns" = "answered",
  answer = "done 😀",
) {
  const seal = { kind: "stopped", reason, evidence: {}, atMs: 0 } as const;
  return trajectoryFacts({ turns, seal }, answer);
}

async function score(
  formula: string,
  facts: ReturnType<typeof factsOf>,
  validation?: readonly string[],
): Promise<number> {
  const spec: TrajectorySpec = {
    type: "trajectory",
    name: "budget",
    formula,
    ...(validation === undefined ? {} : { validation: [...validation] }),
  };
  const scorer = compileTrajectory(spec, {
    passThreshold: 1,
    judges: noJudges,
    tools,
    gateOf: new GraderGates().of(""),
    assets: new Map(),
  });
  const scored = await scorer.score({ ...gradeInput({}, "x"), trajectory: facts }, recordedWorld().deps);
  return scored.reward;
}

describe("a trajectory grader", () => {
  const facts = factsOf([
    turn(
      [call("search", '{"a": 1, "b": 2}'), call("search", '{"b":2,"a":1}'), call("lookup", "not JSON")],
      usage,
    ),
    turn([call("lookup", "not JSON", "failed"), call("run-tests"), call("unknown", "{}", "rejected")], usage),
    turn([], usage),
  ]);

  it.each([
    ["turns", 3],
    ["tool_calls", 6],
    ["tool_calls.search", 2],
    ["tool_calls.run_tests", 1],
    ["max_parallel", 3],
    ["repeated_calls", 2],
    ["validated_before_answer", 1],
    ["prompt_tokens", 300],
    ["completion_tokens", 60],
    ["answer_chars", 6],
    ["seconds.agent", 5.5],
    ["1 - 0.1 * max(0, tool_calls - 4) - 0.5 * min(1, repeated_calls)", 0.3],
  ])("knows %s", async (formula, value) => {
    expect(await score(formula, facts)).toBeCloseTo(value, 12);
  });

  it.each([
    ["the validator ended well in the last turn with calls", [turn([call("run-tests")]), turn([])], 1],
    ["the validator failed", [turn([call("run-tests", "{}", "failed")]), turn([])], 0],
    ["another tool came after it", [turn([call("run-tests")]), turn([call("search")]), turn([])], 0],
    ["nothing was called", [turn([])], 0],
    ["the call never ended", [turn([call("run-tests", "{}", null)])], 0],
  ])("counts an answer as validated or not when %s", async (_case, turns, value) => {
    expect(await score("validated_before_answer", factsOf(turns), ["run-tests"])).toBe(value);
  });

  it("counts no end at a limit as a validated answer", async () => {
    expect(await score("validated_before_answer", factsOf([turn([call("search")])], "max_turns"))).toBe(0);
  });

  it("makes no number of tokens that were not reported, and fails only where they are asked for", async () => {
    const silent = factsOf([turn([], usage), turn([])]);
    await expect(score("1 - prompt_tokens / 1000", silent)).rejects.toMatchObject({
      code: "grader_failed",
      failureClass: "grader",
    });
    expect(await score("turns", silent)).toBe(2);
  });

  it("refuses a tool that the environment has not", async () => {
    await expect(score("tool_calls.serch", facts)).rejects.toMatchObject({ code: "invalid_variable_error" });
  });
});
