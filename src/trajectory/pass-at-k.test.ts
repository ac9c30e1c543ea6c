import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeNumbers } from "../lib/describe-numbers.ts";
import { bestOfK, passAtK } from "./pass-at-k.ts";

function* choices<T>(items: readonly T[], k: number): Generator<readonly T[]> {
  if (k === 0) yield [];
  for (const [index, item] of items.entries()) {
    if (k > 0) for (const rest of choices(items.slice(index + 1), k - 1)) yield [item, ...rest];
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const rewards = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 7 });

describe("estimates over groups", () => {
  it("gives the mean best reward over all choices of k", () => {
    fc.assert(
      fc.property(rewards, fc.integer({ min: 1, max: 7 }), (values, k) => {
        fc.pre(k <= values.length);
        const all = [...choices(values, k)].map((choice) => Math.max(...choice));
        expect(bestOfK(values, k)).toBeCloseTo(meanOf(all), 9);
      }),
    );
  });

  it("gives the share of all choices of k in which one passes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (passed, k) => {
          fc.pre(k <= passed.length);
          const all = [...choices(passed, k)].map((choice) => (choice.includes(true) ? 1 : 0));
          const count = passed.filter(Boolean).length;
          expect(passAtK(passed.length, count, k)).toBeCloseTo(meanOf(all), 9);
        },
      ),
    );
  });

  it("holds for groups whose number of choices is past what a double can hold", () => {
    const half = Array.from({ length: 4000 }, (_, index) => (index < 2000 ? 0 : 1));
    expect(bestOfK(half, 1)).toBeCloseTo(0.5, 9);
    expect(bestOfK(half, 2)).toBeCloseTo(passAtK(4000, 2000, 2) ?? 0, 9);
    expect(bestOfK(half, 1000)).toBeCloseTo(1, 9);
    expect(bestOfK(half, 4000)).toBeCloseTo(1, 9);
  });

  it("says nothing of more samples than there are", () => {
    expect(passAtK(3, 1, 4)).toBeNull();
    expect(bestOfK([1], 2)).toBeNull();
  });

  it("describes numbers by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(describeNumbers(values)).toMatchObject({ n: 100, min: 1, p50: 50, p95: 95, max: 100, mean: 50.5 });
    expect(describeNumbers([]).mean).toBeNull();
  });
});
