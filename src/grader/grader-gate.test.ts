import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { GraderGate, gatedScorer } from "./grader-gate.ts";
import { GraderGates } from "./grader-gates.ts";
import { limitsOf } from "./grader-limits.ts";
import type { ConfiguredLimits, GraderNode } from "./grader-limits.ts";
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
  for (let round = 0; round < 20; round += 1) await Promise.resolve();
};

describe("a grader with limits", () => {
  it("runs so many at once, and the next in their order when one has ended", async () => {
    const { scorer, ends } = heldScorer();
    const limited = gatedScorer(scorer, new GraderGate({ concurrency: 2, tries: 3 }));
    const world = recordedWorld();
    const order: number[] = [];
    const runs = [1, 2, 3, 4].map((number) =>
      limited.score(gradeInput({}, ""), world.deps).then(() => order.push(number)),
    );
    await settle();
    expect(ends).toHaveLength(2);
    ends[0]?.();
    await settle();
    expect(ends).toHaveLength(3);
    for (let next = 1; next < 4; next += 1) {
      ends[next]?.();
      await settle();
    }
    await Promise.all(runs);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it("gives a turn on when a run fails, and keeps none for who gave up", async () => {
    const world = recordedWorld();
    let runs = 0;
    const failing = gatedScorer(
      {
        name: "f",
        type: "endpoint",
        score: () => {
          runs += 1;
          return Promise.reject(new Error("broken"));
        },
      },
      new GraderGate({ concurrency: 1, tries: 3 }),
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
    const limited = gatedScorer(instant, new GraderGate({ requestsPerSecond: 4, tries: 3 }));
    for (let run = 0; run < 5; run += 1) await limited.score(gradeInput({}, ""), world.deps);
    expect(world.clock.sleeps).toEqual([250, 250, 250, 250]);
  });

  it("keeps its turn for nobody who lost its slot while it waited", async () => {
    const { scorer, ends } = heldScorer();
    const gate = new GraderGate({ concurrency: 1, tries: 3 });
    const limited = gatedScorer(scorer, gate);
    const world = recordedWorld();
    const input = gradeInput({}, "");
    const first = limited.score(input, world.deps);
    const lost = limited.score(input, {
      ...world.deps,
      stay: {
        ...world.deps.stay,
        stepOut: async (wait, signal) => {
          await wait(signal);
          throw new Error("no slot any more");
        },
      },
    });
    const third = limited.score(input, world.deps);
    await settle();
    ends[0]?.();
    await expect(lost).rejects.toThrow("no slot any more");
    await settle();
    ends[1]?.();
    expect(await Promise.all([first, third])).toHaveLength(2);
  });
});

describe("the limits of a grader", () => {
  const node: GraderNode = { key: "judge", type: "score_model" };
  const limits: ConfiguredLimits = {
    byType: { score_model: { concurrency: 8, requestsPerSecond: 5, tries: 2 } },
    byName: { judge: { concurrency: 4 }, "team/env/judge": { concurrency: 1, tries: 6 } },
  };

  it("are those of the narrowest place that sets them", () => {
    expect(limitsOf(node, "team/env", limits)).toEqual({ concurrency: 1, requestsPerSecond: 5, tries: 6 });
    expect(limitsOf(node, "team/other", limits)).toEqual({ concurrency: 4, requestsPerSecond: 5, tries: 2 });
    expect(limitsOf({ ...node, key: "tone" }, "team/env", limits)).toMatchObject({ concurrency: 8 });
    expect(limitsOf({ key: "tests", type: "python" }, "team/env", limits)).toEqual({
      concurrency: undefined,
      requestsPerSecond: undefined,
      tries: 3,
    });
  });

  it.each([
    [2, 5, 2],
    [9, 5, 5],
    [9, undefined, 9],
  ])("hold beside the author's own rate of %s when they say %s: %s", (own, configured, both) => {
    const byType = { endpoint: { requestsPerSecond: configured } };
    const { requestsPerSecond } = limitsOf({ key: "e", type: "endpoint", rateLimit: own }, "team/env", {
      byType,
      byName: {},
    });
    expect(requestsPerSecond).toBe(both);
  });

  it("are shared by all jobs of an environment, and by no two graders or environments", () => {
    const gates = new GraderGates(limits);
    const gate = gates.of("team/env")(node);
    expect(gates.of("team/env")(node)).toBe(gate);
    expect(gates.of("team/other")(node)).not.toBe(gate);
    expect(gates.of("team/env")({ ...node, key: "tone" })).not.toBe(gate);
  });
});
