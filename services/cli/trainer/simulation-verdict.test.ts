import { describe, expect, it } from "vitest";
import { verdictText, whyNotKept } from "./simulation-verdict.ts";
import { withoutKeys } from "./without-keys.ts";

const ENDS = { graded: 5, abandoned: 1, discarded: 0 };

describe("the verdict of a simulation", () => {
  it("is that every promise was kept, or each reason why it is not", () => {
    expect(whyNotKept({ ends: ENDS, violations: {} }, 0, 0)).toEqual([]);
    expect(whyNotKept({ ends: { ...ENDS, discarded: 3 }, violations: {} }, null, 3)).toEqual([]);
    const ends = { graded: 0, abandoned: 0, discarded: 3 };
    expect(whyNotKept({ ends, violations: { ran_twice: 1, wrong_score: 2 } }, 4, 2)).toEqual([
      "3 broken promises",
      "no rollout was graded",
      "3 discarded rollouts, more than --discarded 2",
      "sandboxes leaked: 4",
    ]);
    expect(verdictText({ givenUp: [] }, [])).toBe("every promise was kept\n");
  });

  it("says what the server said of calls that were given up, and hints at rows where a template failed", () => {
    const seen = "answered 500 (trace_failed: It has failed (config: template_error))";
    const text = verdictText({ givenUp: [{ side: "grade", seen, calls: 3 }] }, ["no rollout was graded"]);
    expect(text).toContain(`3 grade calls, four tries each, the last: ${seen}\n`);
    expect(text).toContain("rows of the simulation have `row` and `answer` alone");
    expect(text).toMatch(/^exit code 1: no rollout was graded$/mu);
  });

  it("is told without the key that a server repeats", () => {
    const hide = withoutKeys({ Authorization: "Bearer canary-key", "X-Short": "a" });
    expect(hide("answered 401 (a Bearer canary-key is wrong)")).toBe(
      "answered 401 (a Bearer (key) is wrong)",
    );
  });
});
