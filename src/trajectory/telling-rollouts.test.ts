import { describe, expect, it } from "vitest";
import { aFailure, aSample } from "../../test/support/trajectory/sample-run.ts";
import { factsOf } from "./rollout-facts.ts";
import { tellingRollouts } from "./telling-rollouts.ts";

const rewards = (item: number, values: readonly number[]): ReturnType<typeof factsOf>[] =>
  values.map((reward, sample) => factsOf(aSample({ item_index: item, sample_index: sample, reward })));

const placesOf = (all: Parameters<typeof tellingRollouts>[0]): readonly string[] =>
  tellingRollouts(all).map(({ item_index, sample_index, why }) => `${item_index}-${sample_index} ${why}`);

describe("tellingRollouts", () => {
  it("shows the best and the worst of the groups that differ most", () => {
    const places = placesOf([...rewards(0, [0.5, 0.5]), ...rewards(1, [0.2, 0.9]), ...rewards(2, [0, 1])]);
    expect(places.slice(0, 4)).toEqual([
      "2-1 best of item 2, whose samples differ most; highest reward",
      "2-0 worst of item 2; lowest reward",
      "1-1 best of item 1, whose samples differ most",
      "1-0 worst of item 1",
    ]);
  });

  it("names none of a kind in which all are the same", () => {
    expect(placesOf(rewards(0, [1, 1, 1]))).toEqual([]);
  });

  it("names the longest, the slowest and one rollout for each flag, failed ones too", () => {
    const seconds = { queued: 0, sandbox: 90, model: 0, tool: 0, grade: 0 };
    const places = placesOf([
      ...rewards(0, [1, 1]),
      factsOf(aSample({ item_index: 1, tool_calls: 40, flags: ["reward_hack"] })),
      factsOf(aSample({ item_index: 2, flags: ["reward_hack"] })),
      factsOf(aFailure({ item_index: 3, seconds })),
    ]);
    expect(places).toEqual([
      "1-0 most tool calls; flag reward_hack",
      "3-0 slowest; failed by sandbox/sandbox_lost",
    ]);
  });

  it("names of each of the three most frequent kinds of failure the one that got furthest", () => {
    const failed = (item_index: number, failure_code: string, turns = 0): ReturnType<typeof factsOf> =>
      factsOf(aFailure({ item_index, failure_code, turns }));
    const places = placesOf([
      failed(0, "tool_failed"),
      ...[1, 2, 3].map((item) => failed(item, "sandbox_lost", item === 2 ? 1 : 0)),
      ...[4, 5].map((item) => failed(item, "model_timeout")),
      ...[6, 7].map((item) => failed(item, "grader_crashed")),
    ]);
    expect(places).toEqual([
      "2-0 failed by sandbox/sandbox_lost",
      "4-0 failed by sandbox/model_timeout",
      "6-0 failed by sandbox/grader_crashed",
    ]);
  });
});
