import { describe, expect, it } from "vitest";
import type { ContractAnswer } from "../contract-answer.ts";
import { judgeTrace } from "./judge-trace.ts";
import type { MadeCall, TraceRecord } from "./judge-trace.ts";
import { planTrace } from "./trace-plan.ts";
import type { LineEnd } from "./trainer-line.ts";

const plan = planTrace(0, { seed: 1, runId: "unit", rows: 1 });

function answered(status: number): ContractAnswer {
  return { kind: "answered", status, body: { output: "closed" }, bytes: 20, ms: 1 };
}

const CLOSED: LineEnd = { kind: "answered", answer: answered(409), seen: [answered(409)] };

/** A doubled call whose senders saw so many server errors each, and then that the rollout is closed. */
function doubledCall(...errors: readonly number[]): MadeCall {
  const ends = errors.map((count): LineEnd => {
    const seen = [...Array.from({ length: count }, () => answered(503)), answered(409)];
    return { kind: "answered", answer: answered(409), seen };
  });
  const callPlan = { callId: "call_0_0", kind: "command", losses: [], isDoubled: true } as const;
  return { plan: callPlan, mark: "mark", ends };
}

function kindsOf(record: Partial<TraceRecord>): readonly string[] {
  const whole = { plan, calls: [], audit: null, grades: [], late: null, ...record };
  return judgeTrace(whole, "answer").map(({ kind }) => kind);
}

describe("a rollout of which one call was lost four times, by both of its senders together", () => {
  it("may be closed for every call after that", () => {
    expect(kindsOf({ calls: [doubledCall(2, 2)], audit: CLOSED })).toEqual([]);
  });

  it("may be closed when the trainer had cut one of them off", () => {
    const call = doubledCall(2, 1);
    const cut: MadeCall = { ...call, plan: { ...call.plan, losses: ["cut"] } };
    expect(kindsOf({ calls: [cut], audit: CLOSED })).toEqual([]);
  });

  it("may not be closed after three times", () => {
    expect(kindsOf({ calls: [doubledCall(2, 1)], audit: CLOSED })).toEqual(["call_refused", "call_refused"]);
  });
});
