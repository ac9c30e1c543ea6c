import { describe, expect, it } from "vitest";
import { CONTRACT_LIMITS } from "../contract-limits.ts";
import { planTrace } from "./trace-plan.ts";

const basis = { seed: 3, runId: "run", rows: 10 };
const plans = Array.from({ length: 2000 }, (_, index) => planTrace(index, basis));

describe("planTrace", () => {
  it("follows from the seed and the index alone", () => {
    expect(plans.map(({ index }) => planTrace(index, basis))).toEqual(plans);
    const shape = ({ turns, isRight }: (typeof plans)[number]): string => JSON.stringify([turns, isRight]);
    const other = plans.map(({ index }) => planTrace(index, { ...basis, seed: 4 }));
    expect(other.map(shape)).not.toEqual(plans.map(shape));
  });

  it("has everything that trainers do, and leaves each call a try that may be answered", () => {
    const calls = plans.flatMap(({ turns }) => turns.flat());
    expect(new Set(calls.map(({ kind }) => kind))).toEqual(
      new Set(["command", "unknown_tool", "bad_arguments"]),
    );
    expect(new Set(calls.flatMap(({ losses }) => losses))).toEqual(new Set(["dropped", "cut"]));
    expect(Math.max(...calls.map(({ losses }) => losses.length))).toBeLessThan(CONTRACT_LIMITS.retries);
    const some = [
      plans.filter(({ isAbandoned }) => isAbandoned),
      plans.filter(({ turns }) => turns.length === 0),
      plans.filter(({ hasLateCall }) => hasLateCall),
      plans.filter(({ isGradeDoubled }) => isGradeDoubled),
      plans.filter(({ isRight }) => !isRight),
      calls.filter(({ isDoubled }) => isDoubled),
    ].map(({ length }) => length);
    expect(Math.min(...some)).toBeGreaterThan(20);
    expect(new Set(plans.map(({ traceId }) => traceId)).size).toBe(plans.length);
    expect(Math.max(...plans.map(({ item }) => Number(item["row"])))).toBe(9);
  });
});
