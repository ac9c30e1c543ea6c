import { describe, expect, it } from "vitest";
import { sweepPauseMs } from "./sweep-pause.ts";

const HOUR_MS = 3_600_000;

describe("the pause between two looks at an environment's traces", () => {
  it("is long before the first look and where little happens", () => {
    expect(sweepPauseMs(null, HOUR_MS)).toBe(5000);
    expect(sweepPauseMs({ messages: 0, sinceMs: 5000 }, HOUR_MS)).toBe(5000);
    expect(sweepPauseMs({ messages: 40, sinceMs: 5000 }, HOUR_MS)).toBe(5000);
  });

  it("is short where a look would bring much, and stays so while that goes on", () => {
    const first = sweepPauseMs({ messages: 1000, sinceMs: 5000 }, HOUR_MS);
    expect(first).toBe(500);
    expect(sweepPauseMs({ messages: 100, sinceMs: first }, HOUR_MS)).toBe(500);
    expect(sweepPauseMs({ messages: 10, sinceMs: first }, HOUR_MS)).toBe(5000);
  });

  it("is never shorter than a quarter of a second, nor longer than a quarter of what a trace may be idle", () => {
    expect(sweepPauseMs({ messages: 1_000_000, sinceMs: 5000 }, HOUR_MS)).toBe(250);
    expect(sweepPauseMs(null, 4000)).toBe(1000);
    expect(sweepPauseMs(null, 100)).toBe(250);
  });
});
