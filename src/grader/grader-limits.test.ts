import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { limitedScorer } from "./grader-limits.ts";
import { plainScore } from "./scorer.ts";
import type { Score, Scorer } from "./scorer.ts";

/** A scorer whose runs end when the test says so. */
function heldScorer(): { readonly scorer: Scorer; readonly ends: (() => void)[] } {
  const ends: (() => void)[] = [];
  const scorer: Scorer = {
    name: "held",
    type: "endpoint",
    score: () => new Promise<Score>((resolve) => ends.push(() => resolve(plainScore(1)))),
  };
  return { scorer, ends };
}

const settle = async (): Promise<void> => {
  for (let round = 0; round < 10; round += 1) await Promise.resolve();
};

describe("a grader with limits", () => {
  it("runs so many at once, and the next when one has ended", async () => {
    const { scorer, ends } = heldScorer();
    const limited = limitedScorer(scorer, { concurrency: 2 });
    const world = recordedWorld();
    const runs = [1, 2, 3].map(() => limited.score(gradeInput({}, ""), world.deps));
    await settle();
    expect(ends).toHaveLength(2);
    ends[0]?.();
    await settle();
    expect(ends).toHaveLength(3);
    for (const end of ends) end();
    expect(await Promise.all(runs)).toHaveLength(3);
  });

  it("gives a turn on when a run fails, and keeps none for who gave up", async () => {
    const world = recordedWorld();
    let runs = 0;
    const failing = limitedScorer(
      {
        name: "f",
        type: "endpoint",
        score: () => {
          runs += 1;
          return Promise.reject(new Error("broken"));
        },
      },
      { concurrency: 1 },
    );
    const input = gradeInput({}, "");
    const stop = new AbortController();
    const first = failing.score(input, world.deps);
    const second = failing.score(input, { ...world.deps, signal: stop.signal });
    const third = failing.score(input, world.deps);
    stop.abort(new Error("stopped"));
    await expect(second).rejects.toThrow("stopped");
    await expect(first).rejects.toThrow("broken");
    await expect(third).rejects.toThrow("broken");
    expect(runs).toBe(2);
  });

  it("begins no more in a second than it may", async () => {
    const world = recordedWorld();
    const instant: Scorer = { name: "i", type: "endpoint", score: async () => plainScore(1) };
    const limited = limitedScorer(instant, { requestsPerSecond: 4 });
    for (let run = 0; run < 5; run += 1) await limited.score(gradeInput({}, ""), world.deps);
    expect(world.clock.sleeps).toEqual([250, 250, 250, 250]);
  });
});
