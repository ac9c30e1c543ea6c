import { describe, expect, it } from "vitest";
import { aFailure, aSample } from "../../test/support/trajectory/sample-run.ts";
import { changeText } from "./change-text.ts";
import { RegradeChangeBuilder } from "./regrade-change.ts";
import type { RegradeChange } from "./regrade-change.ts";

/** Rewards before and now, item by item; null for none. */
function changeOf(pairs: readonly (readonly [number | null, number | null])[]): RegradeChange {
  const builder = new RegradeChangeBuilder();
  for (const [item_index, [before, after]] of pairs.entries()) {
    const line =
      after === null
        ? aFailure({
            item_index,
            failure_class: "grader",
            failure_code: "grader_failed",
            failure_reason: "No.",
          })
        : aSample({ item_index, reward: after });
    builder.add(line, before);
  }
  return builder.build();
}

describe("the change of a regrade", () => {
  it("counts means and orders over those with both rewards only", () => {
    const change = changeOf([
      [0, 0.5],
      [1, 1],
      [null, 1],
      [1, null],
    ]);
    expect(change).toMatchObject({ rollouts: 4, pairs: 2, mean_before: 0.5, mean_after: 0.75, spearman: 1 });
    expect(change).toMatchObject({ higher: 1, lower: 0, same: 1, reward_found: 1, reward_lost: 1 });
    expect(change.failures).toEqual([
      { failure_class: "grader", failure_code: "grader_failed", failure_reason: "No.", rollouts: 1 },
    ]);
  });

  it("names those that moved most, either way", () => {
    const change = changeOf([
      [0, 0.1],
      [1, 0],
      [0.5, 0.5],
      [0.25, 0.75],
    ]);
    expect(change.most_moved.map((moved) => [moved.item_index, moved.change])).toEqual([
      [1, -1],
      [3, 0.5],
      [0, 0.1],
    ]);
    expect(changeText(change)).toMatch(/1-0 +1 +0 +-1\n3-0 +0\.250 +0\.750 +\+0\.500/u);
  });

  it("has no mean of nothing", () => {
    expect(changeOf([])).toMatchObject({ mean_before: null, mean_after: null, kendall: null });
    expect(changeText(changeOf([]))).toContain("0 rollouts in the series");
  });

  it("lets no reason steer the terminal", () => {
    const builder = new RegradeChangeBuilder();
    builder.add(aFailure({ failure_reason: "\u001b[2J" }), 1);
    expect(changeText(builder.build())).not.toContain("\u001b");
  });
});
