import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FinalOutcomes } from "./final-outcomes.ts";
import { JobLedger } from "./job-ledger.ts";
import type { OutcomeSummary } from "./outcome-summary.ts";

const retry = { maxAttempts: 3, budgetPercent: 20 };

const ends: readonly OutcomeSummary["end"][] = [
  { kind: "graded", reward: 0.5 },
  { kind: "failed", failureClass: "sandbox", code: "sandbox_lost" },
  { kind: "failed", failureClass: "config", code: "grader_config_error" },
  { kind: "failed", failureClass: "cancelled", code: "job_suspended" },
  { kind: "failed", failureClass: "cancelled", code: "job_deadline" },
];

describe("FinalOutcomes", () => {
  it("decides as the job's ledger does, whatever the order in which rollouts end", () => {
    const step = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 1 }), fc.constantFrom(...ends));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new JobLedger({ items: 3, samplesPerItem: 2, retry, indexes: null });
        const finals = new FinalOutcomes(retry);
        for (const [sequence, [itemIndex, sampleIndex, end]] of steps.entries()) {
          const place = { itemIndex, sampleIndex };
          const line = ledger.line(place);
          // The stream takes no outcome after the last.
          if (line.phase === "graded" || line.phase === "failed") continue;
          const numbers = { sequence, storedAtMs: 0, promptTokens: 0, completionTokens: 0 };
          const outcome = { place, attempt: line.attempt, end, ...numbers };
          expect(finals.follow(outcome)).toBe(ledger.ended(outcome));
        }
      }),
    );
  });

  it("leaves out what is not in a rollout's chain", () => {
    const finals = new FinalOutcomes(retry);
    const numbers = { sequence: 1, storedAtMs: 0, promptTokens: 0, completionTokens: 0 };
    const place = { itemIndex: 0, sampleIndex: 0 };
    expect(finals.follow({ place, attempt: 1, end: { kind: "graded", reward: 1 }, ...numbers })).toBeNull();
  });
});
