import { describe, expect, it } from "vitest";
import { aCall, anAttempt, aReturn, aTurn } from "../../test/support/rollout/attempt-builder.ts";
import { nextStep } from "./next-step.ts";

const LIMITS = { maxTurns: 3, maxToolCalls: 4, agentSeconds: 10 };
const asking = {
  message: {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "a", type: "function", function: { name: "search", arguments: "{}" } }],
  },
  finishReason: "tool_calls",
} as const;

describe("the agent's next step", () => {
  it("samples with all of its time when nothing is on record", () => {
    expect(nextStep(anAttempt(), LIMITS)).toEqual({ kind: "sample", remainingMs: 10_000 });
  });

  it("stops as answered when the model asks for no tool", () => {
    expect(nextStep(anAttempt({ turns: [aTurn(0)] }), LIMITS)).toEqual({ kind: "stop", reason: "answered" });
  });

  it("records the calls that a turn asks for before it runs them", () => {
    const step = nextStep(anAttempt({ turns: [aTurn(0, asking)] }), LIMITS);
    expect(step).toMatchObject({ kind: "record_calls", requested: [{ id: "a" }] });
  });

  it("runs only the calls that have no answer yet", () => {
    const turns = [aTurn(0, { calls: [aCall(0, 0, aReturn(0, 5)), aCall(0, 1)] })];
    const step = nextStep(anAttempt({ turns }), LIMITS);
    expect(step).toMatchObject({ kind: "run_calls", calls: [{ index: 1 }] });
  });

  it("runs the tools of the last turn, then stops at the turn limit", () => {
    const done = (turn: number) => aTurn(turn, { calls: [aCall(turn, 0, aReturn(0, 5))] });
    const open = aTurn(2, { calls: [aCall(2, 0)] });
    expect(nextStep(anAttempt({ turns: [done(0), done(1), open] }), LIMITS).kind).toBe("run_calls");
    const step = nextStep(anAttempt({ turns: [done(0), done(1), done(2)] }), LIMITS);
    expect(step).toEqual({ kind: "stop", reason: "max_turns" });
  });

  it("runs none of a turn's calls when they go beyond the limit of calls", () => {
    const first = aTurn(0, { calls: [0, 1, 2, 3].map((index) => aCall(0, index, aReturn(0, 1))) });
    const step = nextStep(anAttempt({ turns: [first, aTurn(1, asking)] }), LIMITS);
    expect(step).toEqual({ kind: "stop", reason: "max_tool_calls" });
  });

  it("stops at the agent's deadline, which counts model and tool time only", () => {
    const turns = [aTurn(0, { modelMs: 9000, waitedMs: 99_999, calls: [aCall(0, 0, aReturn(0, 999))] })];
    expect(nextStep(anAttempt({ turns }), LIMITS)).toEqual({ kind: "sample", remainingMs: 1 });
    const late = [aTurn(0, { modelMs: 9000, calls: [aCall(0, 0, aReturn(0, 1000))] })];
    expect(nextStep(anAttempt({ turns: late }), LIMITS)).toEqual({ kind: "stop", reason: "agent_deadline" });
  });

  it.each([
    ["max_tokens", { ...asking, finishReason: "length" }],
    ["content_filter", { finishReason: "content_filter" }],
    ["refused", { message: { role: "assistant", content: null, refusal: "no" } as const }],
  ])("stops as %s and runs no tool", (reason, changes) => {
    expect(nextStep(anAttempt({ turns: [aTurn(0, changes)] }), LIMITS)).toEqual({ kind: "stop", reason });
  });
});
