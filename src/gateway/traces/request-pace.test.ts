import { describe, expect, it } from "vitest";
import { RequestPace } from "./request-pace.ts";

describe("RequestPace", () => {
  it("lets a second's worth in at once, holds back what comes on top, and sends away what would wait over a minute", async () => {
    const slept: number[] = [];
    const clock = { monotonicMs: () => 5000, sleep: async (ms: number) => void slept.push(ms) };
    const pace = new RequestPace(10, clock);
    const { signal } = new AbortController();
    for (let count = 0; count < 11; count += 1) expect(await pace.enter(signal)).toBe(true);
    expect(slept).toEqual([]);
    expect(await pace.enter(signal)).toBe(true);
    expect(slept).toEqual([100]);
    for (let count = 0; count < 599; count += 1) await pace.enter(signal);
    expect(slept.at(-1)).toBe(60_000);
    expect(await pace.enter(signal)).toBe(false);
  });
});
