import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JobLedger } from "./job-ledger.ts";
import type { OutcomeSummary } from "./outcome-summary.ts";
import { planDispatch, wantedDispatch } from "./plan-dispatch.ts";

const retry = { maxAttempts: 3, budgetPercent: 20 };
const shape = { items: 3, samplesPerItem: 2, retry, indexes: null };
const place = (itemIndex: number, sampleIndex: number) => ({ itemIndex, sampleIndex });
const bounds = {
  parallelism: 100,
  workerSlots: null,
  budgetLeft: Infinity,
  gradingHoldsPlace: false,
  share: Infinity,
};

function outcome(
  at: { itemIndex: number; sampleIndex: number },
  attempt: number,
  end: OutcomeSummary["end"],
): OutcomeSummary {
  return { place: at, attempt, sequence: 7, storedAtMs: 0, promptTokens: 3, completionTokens: 2, end };
}
const graded = (reward: number): OutcomeSummary["end"] => ({ kind: "graded", reward });
const lost: OutcomeSummary["end"] = { kind: "failed", failureClass: "sandbox", code: "sandbox_lost" };

describe("the ledger of a job", () => {
  it("counts an outcome once, however often it is told", () => {
    const ledger = new JobLedger(shape);
    ledger.dispatched(place(0, 0), 0);
    expect(ledger.ended(outcome(place(0, 0), 0, graded(0.5)))).toBe("graded");
    expect(ledger.ended(outcome(place(0, 0), 0, graded(0.5)))).toBeNull();
    expect(ledger.counts).toMatchObject({ graded: 1, pending: 5, active: 0 });
    expect(ledger.tokens).toEqual({ prompt: 3, completion: 2 });
  });

  it("runs only the missing member again, after its outcome, before untouched rollouts", () => {
    const ledger = new JobLedger(shape);
    ledger.dispatched(place(0, 1), 0);
    expect(ledger.ended(outcome(place(0, 1), 0, lost))).toBe("retry");
    const [first, second] = planDispatch(ledger, bounds);
    expect(first).toEqual({ place: place(0, 1), attempt: 1, outcomeAfter: 7 });
    expect(second?.place).toEqual(place(0, 0));
  });

  it("runs what was begun to its end when the budget has room for nothing new", () => {
    const ledger = new JobLedger(shape);
    ledger.dispatched(place(0, 1), 0);
    ledger.ended(outcome(place(0, 1), 0, lost));
    expect(planDispatch(ledger, { ...bounds, budgetLeft: 0 })).toMatchObject([
      { place: place(0, 1), attempt: 1 },
    ]);
    expect(planDispatch(ledger, { ...bounds, budgetLeft: 1 })).toHaveLength(2);
  });

  it("counts the tokens of failed attempts too", () => {
    const ledger = new JobLedger(shape);
    ledger.ended(outcome(place(0, 1), 0, lost));
    ledger.ended(outcome(place(0, 1), 1, graded(1)));
    expect(ledger.tokens).toEqual({ prompt: 6, completion: 4 });
  });

  it("fails a rollout that is out of attempts, alone", () => {
    const ledger = new JobLedger(shape);
    for (const attempt of [0, 1]) expect(ledger.ended(outcome(place(1, 0), attempt, lost))).toBe("retry");
    expect(ledger.ended(outcome(place(1, 0), 2, lost))).toBe("final");
    expect(ledger.counts).toMatchObject({ failed: 1, pending: 5 });
    expect(ledger.failures.sandbox).toBe(1);
  });

  it("resumes an interrupted attempt at no cost", () => {
    const ledger = new JobLedger(shape);
    const interrupted = { kind: "failed", failureClass: "cancelled", code: "job_interrupted" } as const;
    for (const attempt of [0, 1, 2, 3, 4]) {
      expect(ledger.ended(outcome(place(0, 0), attempt, interrupted))).toBe("resume");
    }
    expect(ledger.line(place(0, 0))).toMatchObject({ phase: "pending", attempt: 5, countedFailures: 0 });
    expect(ledger.retriesTaken).toBe(0);
  });

  it.each([
    ["a config error", "config", "model_unauthorized"],
    ["a log that can't be read, for all attempts share it", "internal", "log_corrupt"],
  ] as const)("never retries %s", (_what, failureClass, code) => {
    const ledger = new JobLedger(shape);
    const end = { kind: "failed", failureClass, code } as const;
    expect(ledger.ended(outcome(place(0, 0), 0, end))).toBe("final");
  });

  it("holds only the rollouts that the indexes name", () => {
    const ledger = new JobLedger({ ...shape, indexes: [1, 4] });
    expect(ledger.total).toBe(2);
    expect([...ledger.pending()]).toEqual([place(0, 1), place(2, 0)]);
  });

  it("frees the place of a stopped rollout before it is graded", () => {
    const ledger = new JobLedger(shape);
    ledger.dispatched(place(0, 0), 0);
    expect(planDispatch(ledger, { ...bounds, parallelism: 1 })).toEqual([]);
    ledger.released(place(0, 0), 0);
    expect(planDispatch(ledger, { ...bounds, parallelism: 1 })).toHaveLength(1);
  });

  it("keeps that place until the grade where tokens have a budget, for they are counted only then", () => {
    const ledger = new JobLedger(shape);
    const held = { ...bounds, parallelism: 1, gradingHoldsPlace: true };
    ledger.dispatched(place(0, 0), 0);
    ledger.released(place(0, 0), 0);
    expect(planDispatch(ledger, held)).toEqual([]);
    ledger.ended(outcome(place(0, 0), 0, graded(1)));
    expect(planDispatch(ledger, held)).toHaveLength(1);
  });

  it("keeps untaken work below a fifth of the workers' slots", () => {
    const ledger = new JobLedger({ ...shape, items: 100 });
    expect(planDispatch(ledger, { ...bounds, parallelism: 150, workerSlots: 10 })).toHaveLength(12);
    expect(planDispatch(ledger, { ...bounds, budgetLeft: 3 })).toHaveLength(3);
  });

  it("wants what it would dispatch alone, and dispatches no more than its share of that", () => {
    const ledger = new JobLedger({ ...shape, items: 100 });
    expect(wantedDispatch(ledger, { ...bounds, parallelism: 150 })).toBe(150);
    expect(wantedDispatch(ledger, { ...bounds, budgetLeft: 3 })).toBe(3);
    expect(planDispatch(ledger, { ...bounds, share: 7 })).toHaveLength(7);
    ledger.dispatched(place(0, 0), 0);
    ledger.ended(outcome(place(0, 0), 0, lost));
    // A retry is paid for already.
    expect(wantedDispatch(ledger, { ...bounds, budgetLeft: 3 })).toBe(4);
  });

  it("always accounts for every rollout, whatever outcomes arrive", () => {
    const end = fc.constantFrom<OutcomeSummary["end"]>(graded(1), lost, {
      kind: "failed",
      failureClass: "config",
      code: "x",
    });
    const step = fc.tuple(fc.nat(2), fc.nat(1), fc.nat(3), end, fc.nat(2));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new JobLedger(shape);
        const gradings: string[] = [];
        for (const [item, sample, attempt, ending, action] of steps) {
          const at = place(item, sample);
          if (action === 0) ledger.dispatched(at, attempt);
          if (action === 1) ledger.released(at, attempt);
          const after = action === 2 ? ledger.ended(outcome(at, attempt, ending)) : null;
          if (after === "graded") gradings.push(`${item}-${sample}`);
        }
        const { pending, active, grading, graded: rewarded, failed } = ledger.counts;
        expect(pending + active + grading + rewarded + failed).toBe(6);
        expect(rewarded).toBe(gradings.length);
        expect(new Set(gradings).size).toBe(gradings.length);
        expect(failed).toBe(Object.values(ledger.failures).reduce((sum, count) => sum + count, 0));
      }),
    );
  });
});
