import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aCall, aReturn, aTurn } from "../../test/support/rollout/attempt-builder.ts";
import { consumedAgentMs, unionMs } from "./agent-time.ts";

describe("consumed agent time", () => {
  it("adds model time and the union of parallel calls, not their sum", () => {
    const calls = [
      aCall(0, 0, aReturn(100, 50)),
      aCall(0, 1, aReturn(120, 50)),
      aCall(0, 2, aReturn(500, 10)),
    ];
    expect(consumedAgentMs([aTurn(0, { modelMs: 30, calls })])).toBe(30 + 70 + 10);
  });

  it("counts nothing for calls that have not returned", () => {
    expect(unionMs([aCall(0, 0)])).toBe(0);
  });

  it("is the number of covered milliseconds for whole intervals", () => {
    const interval = fc.record({
      start: fc.integer({ min: 0, max: 60 }),
      length: fc.integer({ min: 0, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 8 }), (intervals) => {
        const covered = new Set<number>();
        for (const { start, length } of intervals) {
          for (let ms = start; ms < start + length; ms += 1) covered.add(ms);
        }
        const calls = intervals.map(({ start, length }, index) => aCall(0, index, aReturn(start, length)));
        expect(unionMs(calls)).toBe(covered.size);
      }),
    );
  });
});
