import { describe, expect, it } from "vitest";
import { selectRetries, unknownItems } from "./select-retries.ts";

const OUTCOMES = [
  { itemIndex: 2, sampleIndex: 1, failureClass: "model" },
  { itemIndex: 0, sampleIndex: 0, failureClass: null },
  { itemIndex: 0, sampleIndex: 1, failureClass: "sandbox" },
  { itemIndex: 1, sampleIndex: 0, failureClass: "model" },
];

describe("selecting rollouts to run again", () => {
  it.each([
    ["every one without a reward", [], [], [1, 2, 5]],
    ["those of a class", ["model"], [], [2, 5]],
    ["those of any of several classes", ["model", "sandbox"], [], [1, 2, 5]],
    ["those of an item", [], [0], [1]],
    ["those that both let through", ["model"], [0, 2], [5]],
    ["none that has a reward", ["sandbox"], [2], []],
  ])("takes %s, by index", (_what, classes, items, indexes) => {
    expect(selectRetries(OUTCOMES, 2, { classes, items })).toEqual(indexes);
  });

  it("knows which items the job has not", () => {
    const known = [0, 1, 2];
    expect(unknownItems(OUTCOMES, { items: [] })).toEqual({ unknown: [], known });
    expect(unknownItems(OUTCOMES, { items: [2, 7, 0, 3] })).toEqual({ unknown: [7, 3], known });
  });
});
