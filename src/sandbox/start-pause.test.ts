import { describe, expect, it } from "vitest";
import { StartPause } from "./start-pause.ts";

const QUOTA = { reason: "Quota", message: "exceeded quota" } as const;

describe("StartPause", () => {
  it("holds nothing back while there is room", () => {
    const pause = new StartPause();
    pause.begin(0);
    expect(pause.allowance(0)).toBe(Number.POSITIVE_INFINITY);
    expect(pause.pressure()).toBeNull();
  });

  it("lets one trial through after a pause that grows, but never beyond five seconds", () => {
    const pause = new StartPause();
    for (let refused = 0; refused < 10; refused += 1) pause.refused(QUOTA, 0);
    expect([pause.allowance(499), pause.allowance(500)]).toEqual([0, 1]);
    let nowMs = 500;
    const pauses = [];
    for (let trial = 0; trial < 6; trial += 1) {
      pause.begin(nowMs);
      expect(pause.allowance(nowMs)).toBe(0);
      pause.refused(QUOTA, nowMs);
      const from = nowMs;
      while (pause.allowance(nowMs) === 0) nowMs += 100;
      pauses.push(nowMs - from);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 5000, 5000, 5000]);
  });

  it("ends once a start has found room", () => {
    const pause = new StartPause();
    pause.refused(QUOTA, 0);
    expect(pause.pressure()).toEqual(QUOTA);
    pause.begin(500);
    pause.progress("a", { kind: "going_on" });
    expect(pause.allowance(500)).toBe(Number.POSITIVE_INFINITY);
    expect(pause.pressure()).toBeNull();
  });

  it("tells of starts that wait, and forgets those that are over", () => {
    const pause = new StartPause();
    const pressure = { reason: "Unschedulable", message: "0/3 nodes" } as const;
    pause.progress("a", { kind: "waiting", pressure });
    expect(pause.pressure()).toEqual(pressure);
    expect(pause.allowance(0)).toBe(Number.POSITIVE_INFINITY);
    pause.ended("a");
    expect(pause.pressure()).toBeNull();
  });
});
