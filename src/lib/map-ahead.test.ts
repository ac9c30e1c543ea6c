import { describe, expect, it } from "vitest";
import { AheadRoom, mapAhead } from "./map-ahead.ts";

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
    for await (const made of mapAhead([1, 2, 3, 4, 5, 6], { width: 3 }, double)) found.push(made);
    expect(found).toEqual([2, 4, 6, 8, 10, 12]);
    expect(most).toBe(3);
  });

  it("begins nothing that nobody takes", async () => {
    const begun: number[] = [];
    const made = mapAhead([1, 2, 3, 4], { width: 2 }, async (item) => begun.push(item));
    await made.next();
    await made.return();
    expect(begun).toEqual([1, 2]);
  });

  it("rejects with the first error in order", async () => {
    const failing = mapAhead([1, 2], { width: 2 }, async (item) => Promise.reject(new Error(`no ${item}`)));
    await expect(failing.next()).rejects.toThrow("no 1");
  });

  it("shares a room with others: who is not taken from leaves the rest one at a time", async () => {
    const room = new AheadRoom(2);
    const begun: string[] = [];
    const begin = (name: string) =>
      mapAhead([1, 2, 3, 4], { width: 3, room }, async (item) => {
        begun.push(`${name}${item}`);
        return item;
      });
    const [first, second] = [begin("a"), begin("b")];
    await first.next();
    await second.next();
    expect(begun).toEqual(["a1", "a2", "a3", "b1"]);
    await second.next();
    expect(begun.slice(4)).toEqual(["b2"]);
    await first.return();
    await second.next();
    expect(begun.slice(5)).toEqual(["b3", "b4"]);
    const rest: number[] = [];
    for await (const item of second) rest.push(item);
    expect(rest).toEqual([4]);
    expect([room.take(), room.take(), room.take()]).toEqual([true, true, false]);
  });
});
