import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

describe("Turns", () => {
  it("runs no more at a time than it may, in the order of their coming, and all of them", async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const open = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
    const results = open.map(({ promise }, at) =>
      turns.run(() => {
        begun.push(at);
        return promise;
      }),
    );
    expect(begun).toEqual([0, 1]);
    for (const [at, { resolve }] of open.entries()) {
      resolve(at);
      await results[at];
      expect(begun).toEqual([0, 1, 2, 3, 4].slice(0, at + 3));
    }
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4]);
  });

  it("passes the turn of an action that fails", async () => {
    const turns = new Turns(1);
    const failed = turns.run(() => Promise.reject(new Error("no")));
    const next = turns.run(() => Promise.resolve("yes"));
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });
});
