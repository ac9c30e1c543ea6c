import { describe, expect, it } from "vitest";
import { aFailure, aSample } from "../../test/support/trajectory/sample-run.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import { baselineFacts } from "./baseline-facts.ts";

/** Rewards item by item; null for a rollout that failed. */
function rolloutsOf(items: readonly (readonly (number | null)[])[]): readonly ResultRecord[] {
  return items.flatMap((rewards, item_index) =>
    rewards.map((reward, sample_index) =>
      reward === null
        ? aFailure({ item_index, sample_index })
        : aSample({ item_index, sample_index, reward }),
    ),
  );
}

describe("baselineFacts", () => {
  it("tells items that are always 0, always passed, flat and useful apart", () => {
    const { items, rollouts, reward } = baselineFacts(
      rolloutsOf([[0, 0], [1, 1, null], [0.5, 0.5], [0, 1], [0.2, 0.6], [1, null], [null]]),
      true,
    );
    expect(rollouts).toEqual({ total: 14, graded: 11 });
    expect(reward.mean).toBeCloseTo(5.8 / 11, 12);
    expect(items).toMatchObject({ compared: 5, tooFew: 2, never: 1, always: 1, flat: 1, useful: 2 });
    expect(items.spread).toBeCloseTo((0.5 + 0.2) / 2, 12);
  });

  it("compares one sample with the best of k of the same items", () => {
    expect(
      baselineFacts(
        rolloutsOf([
          [0, 1],
          [0.5, 0.5, 0.5],
        ]),
        true,
      ).best,
    ).toEqual({ k: 2, one: 0.5, best: 0.75 });
    expect(baselineFacts(rolloutsOf([[0], [1]]), true).best).toBeNull();
    expect(baselineFacts([], true).best).toBeNull();
  });

  it("puts rollouts with equally many calls into one bucket", () => {
    const calls = [0, 0, 0, 0, 1, 2, 3, 4];
    const rollouts = calls.map((tool_calls, item_index) =>
      aSample({ item_index, tool_calls, reward: tool_calls / 4 }),
    );
    const { buckets, correlation } = baselineFacts(rollouts, true).calls;
    expect(buckets).toEqual([
      { from: 0, to: 0, rollouts: 4, mean: 0 },
      { from: 1, to: 2, rollouts: 2, mean: 0.375 },
      { from: 3, to: 4, rollouts: 2, mean: 0.875 },
    ]);
    expect(correlation).toBe(1);
  });
});
