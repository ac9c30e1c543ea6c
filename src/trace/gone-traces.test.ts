import { describe, expect, it } from "vitest";
import { goneTraces, withGone } from "./gone-traces.ts";
import type { TraceCounts } from "./trace-tally.ts";

const counts = (given: Partial<TraceCounts>): TraceCounts => ({
  live: 0,
  graded: 0,
  failed: 0,
  failures: {},
  rewardMean: null,
  ...given,
});
const earlier = counts({
  live: 3,
  graded: 4,
  failed: 3,
  failures: { tool: 1, cancelled: 2 },
  rewardMean: 0.5,
});

describe("traces whose records are gone", () => {
  it("count on, with their rewards and classes, beside those on record", () => {
    const recorded = counts({ live: 1, graded: 1, failed: 1, failures: { cancelled: 1 }, rewardMean: 1 });
    const gone = goneTraces(earlier, recorded);
    expect(withGone(recorded, gone)).toEqual({ ...earlier, live: 1 });
    const later = counts({ graded: 2, failed: 2, failures: { cancelled: 1, sandbox: 1 }, rewardMean: 1 });
    expect(withGone(later, gone)).toEqual({
      live: 0,
      graded: 5,
      failed: 4,
      failures: { cancelled: 2, sandbox: 1, tool: 1 },
      rewardMean: 0.6,
    });
  });

  it("are none where more is on record than was said", () => {
    const recorded = counts({ graded: 6, failed: 4, failures: { tool: 2, cancelled: 2 }, rewardMean: 0.25 });
    expect(withGone(recorded, goneTraces(earlier, recorded))).toEqual(recorded);
    expect(withGone(recorded, goneTraces(counts({}), recorded))).toEqual(recorded);
  });
});
