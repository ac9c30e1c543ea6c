import { describe, expect, it } from "vitest";
import { ExpiringCache } from "./expiring-cache.ts";

describe("ExpiringCache", () => {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs };

  it("asks again only when an answer's own time is over", async () => {
    const cache = new ExpiringCache<number>(10, clock);
    let asked = 0;
    const make = async () => ({ value: ++asked, keepMs: 100 });
    expect(await Promise.all([cache.get("a", make), cache.get("a", make)])).toEqual([1, 1]);
    nowMs += 99;
    expect(await cache.get("a", make)).toBe(1);
    nowMs += 1;
    expect(await cache.get("a", make)).toBe(2);
  });

  it("keeps no failure, and no more than it may", async () => {
    const cache = new ExpiringCache<string>(2, clock);
    await expect(cache.get("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(cache.size).toBe(0);
    for (const key of ["a", "b", "c"]) await cache.get(key, async () => ({ value: key, keepMs: 1000 }));
    expect(cache.size).toBe(2);
    expect(await cache.get("a", async () => ({ value: "anew", keepMs: 1000 }))).toBe("anew");
  });
});
