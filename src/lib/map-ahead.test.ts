import { describe, expect, it } from "vitest";
import { mapAhead } from "./map-ahead.ts";

describe("mapAhead", () => {
  it("keeps the order, and no more than its width under way", async () => {
    let underWay = 0;
    let most = 0;
    const found: number[] = [];
    const double = async (item: number): Promise<number> => {
      most = Math.max(most, ++underWay);
      // Later items are ready first.
      for (let turns = 10 - item; turns > 0; turns -= 1) await Promise.resolve();
      underWay -= 1;
      return item * 2;
    };
    for await (const made of mapAhead([1, 2, 3, 4, 5, 6], 3, double)) found.push(made);
    expect(found).toEqual([2, 4, 6, 8, 10, 12]);
    expect(most).toBe(3);
  });

  it("begins nothing that nobody takes", async () => {
    const begun: number[] = [];
    const made = mapAhead([1, 2, 3, 4], 2, async (item) => begun.push(item));
    await made.next();
    await made.return();
    expect(begun).toEqual([1, 2]);
  });

  it("rejects with the first error in order", async () => {
    const failing = mapAhead([1, 2], 2, async (item) => Promise.reject(new Error(`no ${item}`)));
    await expect(failing.next()).rejects.toThrow("no 1");
  });
});
