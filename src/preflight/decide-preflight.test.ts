import { describe, expect, it } from "vitest";
import { decidePreflight } from "./decide-preflight.ts";
import type { PreflightFacts } from "./preflight-facts.ts";
import { preflightText } from "./preflight-text.ts";

const FIT: PreflightFacts = {
  rollouts: { total: 100, graded: 100 },
  reward: { mean: 0.5 },
  items: { compared: 25, tooFew: 0, never: 5, always: 5, flat: 0, useful: 15, spread: 0.4 },
  best: { k: 4, one: 0.5, best: 0.8 },
  calls: {
    hasTools: true,
    correlation: 0.2,
    buckets: [
      { from: 0, to: 1, rollouts: 50, mean: 0.4 },
      { from: 2, to: 9, rollouts: 50, mean: 0.6 },
    ],
  },
  determinism: { checked: 20, different: 0, noise: 0, failed: 0 },
  agentFiles: "none",
  answers: [{ name: "empty", items: 5, passed: 0, failed: 0, most: 0 }],
};

/** Verdict, and the levels other than good with their check. */
function judged(changes: Partial<PreflightFacts>): readonly string[] {
  const { verdict, findings } = decidePreflight({ ...FIT, ...changes });
  const odd = findings.filter(({ level }) => level !== "good");
  return [verdict, ...odd.map(({ check, level }) => `${check} ${level}`)];
}

const items = (changes: Partial<PreflightFacts["items"]>): Partial<PreflightFacts> => ({
  items: { ...FIT.items, ...changes },
});
const answer = (changes: object): Partial<PreflightFacts> => ({
  answers: [{ name: "empty", items: 5, passed: 0, failed: 0, most: 0, ...changes }],
});
const noise = (changes: object): Partial<PreflightFacts> => ({
  determinism: { checked: 20, different: 0, noise: 0, failed: 0, ...changes },
});

describe("decidePreflight", () => {
  it("says a reason for each check, good ones too", () => {
    const { verdict, findings } = decidePreflight(FIT);
    expect(verdict).toBe("fit");
    expect(findings.map(({ check }) => check)).toEqual([
      "graded",
      "variance",
      "difficulty",
      "headroom",
      "tool calls",
      "determinism",
      "worthless answers",
    ]);
    expect(preflightText({ verdict, findings })).toMatch(
      /good +variance +Rewards differ within 15 of 25 items \(60 %\)/u,
    );
  });

  it.each<readonly [string, Partial<PreflightFacts>, readonly string[]]>([
    ["most rollouts failed", { rollouts: { total: 100, graded: 40 } }, ["unfit", "graded bad"]],
    ["some rollouts failed", { rollouts: { total: 100, graded: 80 } }, ["doubtful", "graded doubt"]],
    ["there is no rollout", { rollouts: { total: 0, graded: 0 } }, ["unfit", "graded bad"]],
    ["nothing varies", items({ useful: 0, spread: null, flat: 15 }), ["unfit", "variance bad"]],
    ["little varies", items({ useful: 2, flat: 13 }), ["doubtful", "variance doubt"]],
    [
      "nearly all is 0",
      items({ never: 22, always: 0, useful: 3 }),
      ["unfit", "variance doubt", "difficulty bad"],
    ],
    ["much passes always", items({ never: 0, always: 15, useful: 10 }), ["doubtful", "difficulty doubt"]],
    [
      "each item has one sample",
      { ...items({ compared: 0, tooFew: 25, never: 0, always: 0, useful: 0, spread: null }), best: null },
      ["doubtful", "variance unknown", "headroom unknown"],
    ],
    ["the best is no better", { best: { k: 4, one: 0.5, best: 0.505 } }, ["unfit", "headroom bad"]],
    ["the best is hardly better", { best: { k: 4, one: 0.5, best: 0.53 } }, ["doubtful", "headroom doubt"]],
    [
      "the grader changes its mind a little",
      noise({ different: 3, noise: 0.01 }),
      ["doubtful", "determinism doubt"],
    ],
    [
      "the grader's noise drowns the signal",
      noise({ different: 9, noise: 0.3 }),
      ["unfit", "determinism bad"],
    ],
    ["the grader fails", noise({ failed: 1 }), ["unfit", "determinism bad"]],
    ["the grader is not known", { determinism: { unchecked: "No." } }, ["doubtful", "determinism unknown"]],
    ["a worthless answer passes", answer({ passed: 5, most: 1 }), ["unfit", "worthless answers bad"]],
    [
      "a worthless answer passes once",
      answer({ passed: 1, most: 1 }),
      ["doubtful", "worthless answers doubt"],
    ],
    ["a worthless answer ends the grader", answer({ failed: 2 }), ["doubtful", "worthless answers doubt"]],
    ["a worthless answer is as good as most", answer({ most: 0.5 }), ["doubtful", "worthless answers doubt"]],
  ])("judges a baseline where %s", (_name, changes, expected) => {
    expect(judged(changes)).toEqual(expected);
  });

  it("doubts tools that the best rollouts do without, or that none calls", () => {
    const idle = { from: 0, to: 0, rollouts: 50, mean: 0.7 };
    const busy = { from: 1, to: 9, rollouts: 50, mean: 0.4 };
    const calls = (buckets: readonly (typeof idle)[], hasTools = true): Partial<PreflightFacts> => ({
      calls: { hasTools, correlation: null, buckets },
    });
    expect(judged(calls([idle, busy]))).toEqual(["doubtful", "tool calls doubt"]);
    expect(judged(calls([idle]))).toEqual(["doubtful", "tool calls doubt"]);
    expect(judged(calls([idle], false))).toEqual(["fit"]);
  });

  it("doubts no grader that gives a worthless answer 0 where the baseline's mean is 0 too", () => {
    expect(judged({ reward: { mean: 0 } })).toEqual(["fit"]);
  });
});
