import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupStatistics } from "./group-statistics.ts";

interface Member {
  readonly item_index: number;
  readonly reward: number | null;
  readonly passed: boolean | null;
}

const graded = (item: number, reward: number): Member => ({ item_index: item, reward, passed: reward >= 1 });
const failed = (item: number): Member => ({ item_index: item, reward: null, passed: null });

const member = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.option(fc.constantFrom(0, 0.25, 0.5, 1)))
  .map(([item, reward]) => (reward === null ? failed(item) : graded(item, reward)));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("groupStatistics", () => {
  it("leaves failed members out of every figure, and counts them", () => {
    const { groups } = groupStatistics([graded(3, 1), failed(3), graded(3, 0), failed(1)]);
    expect(groups).toEqual([
      { item_index: 1, n: 1, graded: 0, mean: null, stddev: null, best: null },
      { item_index: 3, n: 3, graded: 2, mean: 0.5, stddev: 0.5, best: 1 },
    ]);
  });

  it("finds the groups of two or more whose rewards are all the same", () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 30 }), (members) => {
        const rewards = (item: number): number[] =>
          members.flatMap((each) => (each.item_index === item ? (each.reward ?? []) : []));
        const flat = [0, 1, 2, 3, 4].filter(
          (item) => rewards(item).length > 1 && new Set(rewards(item)).size === 1,
        );
        expect(groupStatistics(members).zero_variance_groups).toEqual(flat);
      }),
    );
  });

  it("takes rewards that differ by the last digits of a formula as the same", () => {
    expect(groupStatistics([graded(0, 0.3), graded(0, 0.1 + 0.2)]).zero_variance_groups).toEqual([0]);
  });

  it("estimates one sample as the mean over groups, whatever their sizes", () => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 30 }), (members) => {
        const [one] = groupStatistics(members).samples;
        const groups = [...Map.groupBy(members, ({ item_index }) => item_index).values()]
          .map((own) => own.flatMap(({ reward }) => reward ?? []))
          .filter(({ length }) => length > 0);
        fc.pre(groups.length > 0);
        expect(one?.best_of_k).toBeCloseTo(mean(groups.map(mean)), 9);
        expect(one?.pass_at_k).toBeCloseTo(
          mean(groups.map((own) => mean(own.map((value) => (value >= 1 ? 1 : 0))))),
          9,
        );
        expect(one?.groups).toBe(groups.length);
      }),
    );
  });

  it("says over how many groups each k is", () => {
    const { samples } = groupStatistics([graded(0, 1), graded(0, 0), graded(1, 1), failed(1)]);
    expect(samples).toEqual([
      { k: 1, groups: 2, pass_at_k: 0.75, best_of_k: 0.75 },
      { k: 2, groups: 1, pass_at_k: 1, best_of_k: 1 },
    ]);
  });
});
