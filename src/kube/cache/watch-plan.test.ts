import { describe, expect, it } from "vitest";
import { pauseAfter, planAfterWatch } from "./watch-plan.ts";

describe("planAfterWatch", () => {
  it("goes on at once where the server ended a watch in good order", () => {
    const next = { relist: false, pauseMs: 0, failures: 0 };
    expect(planAfterWatch({ kind: "ended", events: 0, livedMs: 25_000 }, 3, 0)).toEqual(next);
    expect(planAfterWatch({ kind: "ended", events: 1, livedMs: 5 }, 3, 0)).toEqual(next);
  });

  it("waits when watches end as soon as they begin, longer each time", () => {
    const pauses = [0, 1, 2, 3, 9].map(
      (failures) => planAfterWatch({ kind: "ended", events: 0, livedMs: 5 }, failures, 0).pauseMs,
    );
    expect(pauses).toEqual([500, 1000, 2000, 4000, 30_000]);
  });

  it("lists anew at once after 410, and with pauses when that happens again and again", () => {
    expect(planAfterWatch({ kind: "gone" }, 0, 0)).toEqual({ relist: true, pauseMs: 0, failures: 1 });
    expect(planAfterWatch({ kind: "gone" }, 2, 0)).toEqual({ relist: true, pauseMs: 1000, failures: 3 });
  });

  it("resumes without a list after a broken connection, and forgets older failures once events came", () => {
    expect(planAfterWatch({ kind: "failed", events: 0 }, 4, 0)).toEqual({
      relist: false,
      pauseMs: 8000,
      failures: 5,
    });
    expect(planAfterWatch({ kind: "failed", events: 9 }, 4, 0)).toMatchObject({ pauseMs: 500, failures: 1 });
  });

  it("spreads clients over the second half of a pause", () => {
    expect(pauseAfter(2, 0)).toBe(1000);
    expect(pauseAfter(2, 0.999)).toBeCloseTo(500.5);
  });
});
