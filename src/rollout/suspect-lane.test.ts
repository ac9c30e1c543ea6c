import { describe, expect, it } from "vitest";
import { SuspectLane } from "./suspect-lane.ts";
import type { LeaveLane } from "./suspect-lane.ts";

const never = new AbortController().signal;

/** Puts suspects into the lane and tells who is inside, in the order of entering. */
function laneOf(deaths: readonly number[]): { readonly inside: Map<number, LeaveLane>; lane: SuspectLane } {
  const lane = new SuspectLane();
  const inside = new Map<number, LeaveLane>();
  for (const [index, count] of deaths.entries()) {
    void lane.enter(count, never).then((leave) => leave !== null && inside.set(index, leave));
  }
  return { lane, inside };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the lane of suspects", () => {
  it.each([
    [2, 16],
    [3, 4],
    [4, 1],
    [5, 1],
  ])("drives those with %i ended drivers %i at a time", async (deaths, width) => {
    const { inside } = laneOf(Array.from({ length: 30 }, () => deaths));
    await settled();
    expect(inside.size).toBe(width);
    inside.get(0)?.();
    await settled();
    expect(inside.size).toBe(width + 1);
  });

  it("lets the least suspected go first, and the most suspected one be alone", async () => {
    const { inside } = laneOf([5, 3, 2, 3]);
    await settled();
    expect([...inside.keys()]).toEqual([0]);
    inside.get(0)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 2, 1, 3]);
  });

  it("counts a place once, however often it is left", async () => {
    const { inside } = laneOf([4, 4, 4]);
    await settled();
    inside.get(0)?.();
    inside.get(0)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 1]);
  });

  it("forgets who waits no more, and lets the next one in", async () => {
    const { lane, inside } = laneOf([5]);
    await settled();
    const leaving = new AbortController();
    const gone = lane.enter(4, leaving.signal);
    const next = lane.enter(5, never);
    leaving.abort();
    expect(await gone).toBeNull();
    inside.get(0)?.();
    expect(await next).not.toBeNull();
  });
});
