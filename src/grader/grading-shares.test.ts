import { describe, expect, it } from "vitest";
import { GradingShares, hasShare } from "./grading-shares.ts";

const never = new AbortController().signal;

/** How many gradings each of so many environments may begin when none of them ends. */
function filled(room: number, environments: number): readonly number[] {
  const counts = Array.from({ length: environments }, () => 0);
  for (let isFull = false; !isFull;) {
    isFull = true;
    for (const [index, ofOwn] of counts.entries()) {
      const underWay = counts.reduce((sum, count) => sum + count, 0);
      if (!hasShare({ room, underWay, ofOwn })) continue;
      counts[index] = ofOwn + 1;
      isFull = false;
    }
  }
  return counts;
}

describe("shares of a grader's room", () => {
  it.each([
    [1, [128]],
    [2, [86, 85]],
    [3, [64, 64, 64]],
    [7, [32, 32, 32, 32, 32, 32, 32]],
  ])("leave some of it to others when gradings of %i environments only wait", (environments, counts) => {
    expect(filled(256, environments)).toEqual(counts);
  });

  it("go to those that were put by, in their order, as gradings end", async () => {
    const shares = new GradingShares(4);
    const [first] = [shares.take("a"), shares.take("a")];
    expect(shares.tryTake("a")).toBeNull();
    const begun: string[] = [];
    const waits = ["third", "fourth"].map(async (name) => {
      await shares.wait("a", never);
      begun.push(name);
    });
    const other = shares.tryTake("b");
    expect(other).not.toBeNull();
    expect(shares).toMatchObject({ parked: 2, free: 1 });
    other?.();
    await Promise.resolve();
    expect(begun).toEqual([]);
    first();
    await waits[0];
    expect(begun).toEqual(["third"]);
    expect(shares).toMatchObject({ parked: 1, free: 2 });
  });

  it("are not kept for one that gave up", async () => {
    const shares = new GradingShares(2);
    const end = shares.take("a");
    const stop = new AbortController();
    const waiting = shares.wait("a", stop.signal);
    stop.abort();
    expect(await waiting).toBeNull();
    expect(await shares.wait("a", stop.signal)).toBeNull();
    expect(shares.parked).toBe(0);
    end();
    expect(shares.free).toBe(2);
  });
});
