import { describe, expect, it } from "vitest";
import { PLAIN_SHAPE } from "../support/simulation/plain-shape.ts";
import type { Fault, Part, Schedule } from "../support/simulation/schedule.ts";
import { World } from "../support/simulation/world.ts";

const PARTS: readonly Part[] = ["worker", "grader", "controller"];

function crashing(part: Part, call: number, side: "before" | "after"): Schedule {
  const crash: Fault = { kind: "crash", part, number: 1, call, side, downMs: 200 };
  const small = { items: 1, samplesPerItem: 2, workers: 1, parallelism: 2 } as const;
  const shape = { ...PLAIN_SHAPE, ...small, replicas: call % 2 === 0 ? 1 : 3 } as const;
  return {
    seed: 7,
    shape: { ...shape, recovery: side === "before" ? "restart" : "replay" },
    faults: [crash],
  };
}

describe.each(PARTS)("a %s that dies at any of its calls", (part) => {
  it.each(["before", "after"] as const)("loses and doubles nothing, %s the call's effect", async (side) => {
    const undisturbed = new World({ ...crashing(part, 1, side), faults: [] });
    await undisturbed.run();
    const calls = undisturbed.callsOf(part);
    expect(calls).toBeGreaterThan(8);
    for (let call = 1; call <= calls; call += 1) {
      const { problems, end } = await new World(crashing(part, call, side)).run();
      expect(problems, `call ${call} of ${calls}`).toEqual([]);
      expect(end, `call ${call} of ${calls}`).toMatchObject({ condition: "Complete" });
    }
  });
});
