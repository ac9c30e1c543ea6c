import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankCorrelation } from "./rank-correlation.ts";
import type { Pair } from "./rank-correlation.ts";

describe("rankCorrelation", () => {
  // Values of scipy 1.15.2: spearmanr and kendalltau.
  it.each<readonly [readonly Pair[], number, number]>([
    [
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      1,
      1,
    ],
    [
      [
        [1, 3],
        [2, 2],
        [3, 1],
      ],
      -1,
      -1,
    ],
    [
      [
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 2],
      ],
      0.894427190999916,
      0.816496580927726,
    ],
    [
      [
        [12, 1],
        [2, 4],
        [1, 7],
        [12, 1],
        [2, 0],
      ],
      -0.540738070435875,
      -0.471404520791032,
    ],
    [
      [
        [0, 0.5],
        [1, 0.4],
        [1, 0.9],
        [0, 0.1],
        [0.5, 0.5],
        [0.25, 1],
      ],
      0.223905537759949,
      0.14824986333222,
    ],
  ])("agrees with scipy on %j", (pairs, spearman, kendall) => {
    const found = rankCorrelation(pairs);
    expect(found.spearman).toBeCloseTo(spearman, 12);
    expect(found.kendall).toBeCloseTo(kendall, 12);
  });

  it("is nothing where there is no order", () => {
    const none = { spearman: null, kendall: null };
    expect(rankCorrelation([])).toEqual(none);
    expect(rankCorrelation([[1, 2]])).toEqual(none);
    expect(
      rankCorrelation([
        [1, 2],
        [1, 3],
      ]),
    ).toEqual(none);
  });

  it("counts the same discordant pairs as looking at all of them", () => {
    const some = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(some, (pairs) => {
        const digits = (value: number | null): string => value?.toFixed(12) ?? "none";
        expect(digits(rankCorrelation(pairs).kendall)).toBe(digits(slowKendall(pairs)));
      }),
    );
  });
});

/** Tau-b by its definition. */
function slowKendall(pairs: readonly Pair[]): number | null {
  const sums = { score: 0, left: 0, right: 0 };
  for (const [at, [a, b]] of pairs.entries()) {
    for (const [c, d] of pairs.slice(at + 1)) {
      sums.score += Math.sign(a - c) * Math.sign(b - d);
      sums.left += Math.abs(Math.sign(a - c));
      sums.right += Math.abs(Math.sign(b - d));
    }
  }
  const spread = Math.sqrt(sums.left * sums.right);
  return spread === 0 ? null : sums.score / spread;
}
