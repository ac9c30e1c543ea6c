import { describe, expect, it } from "vitest";
import { parseIndexRanges } from "./index-ranges.ts";
import { JobLedger } from "./job-ledger.ts";
import { jobStatus, jobStatusSchema } from "./job-status.ts";
import type { OutcomeSummary } from "./outcome-summary.ts";

const retry = { maxAttempts: 2, budgetPercent: 20 };
const SANDBOX = { kind: "failed", failureClass: "sandbox", code: "sandbox_lost" } as const;

function ledgerOf(items: number, samplesPerItem: number): JobLedger {
  return new JobLedger({ items, samplesPerItem, retry, indexes: null });
}

function end(ledger: JobLedger, index: number, how: number | OutcomeSummary["end"], attempt = 0): void {
  const { samplesPerItem } = ledger.shape;
  const place = { itemIndex: Math.floor(index / samplesPerItem), sampleIndex: index % samplesPerItem };
  ledger.dispatched(place, attempt);
  const outcome = typeof how === "number" ? ({ kind: "graded", reward: how } as const) : how;
  ledger.ended({
    place,
    attempt,
    sequence: 1,
    storedAtMs: 0,
    promptTokens: 5,
    completionTokens: 1,
    end: outcome,
  });
}

describe("the status of a job", () => {
  it("counts rollouts, failures, attempts, tokens and rewards", () => {
    const ledger = ledgerOf(4, 2);
    end(ledger, 0, 1);
    end(ledger, 1, 1);
    end(ledger, 2, 0);
    end(ledger, 3, SANDBOX);
    end(ledger, 3, 0.5, 1);
    end(ledger, 5, SANDBOX);
    end(ledger, 5, SANDBOX, 1);
    ledger.dispatched({ itemIndex: 3, sampleIndex: 0 }, 0);
    const status = jobStatus(ledger);
    expect(status).toEqual({
      rollouts: { total: 8, pending: 2, active: 1, grading: 0, graded: 4, failed: 1 },
      failures: { sandbox: 1 },
      attempts: { started: 8, retried: 2 },
      tokens: { prompt: 35, completion: 7 },
      reward: { mean: 0.625, stddev: expect.closeTo(0.4146), min: 0, max: 1, zeroVarianceGroups: 1 },
      gradedIndexes: "0-3",
      gradedIndexesTruncated: false,
    });
    expect(jobStatusSchema.parse(JSON.parse(JSON.stringify(status)))).toEqual(status);
  });

  it("has no rewards while nothing is graded: null is not zero", () => {
    expect(jobStatus(ledgerOf(1, 1)).reward).toEqual({
      mean: null,
      stddev: null,
      min: null,
      max: null,
      zeroVarianceGroups: 0,
    });
  });

  it("cuts the list of graded rollouts at 8 KiB between two ranges, and says so", () => {
    const ledger = ledgerOf(10_000, 1);
    for (let index = 0; index < 10_000; index += 2) end(ledger, index, 1);
    const { gradedIndexes, gradedIndexesTruncated } = jobStatus(ledger);
    expect(gradedIndexesTruncated).toBe(true);
    expect(gradedIndexes.length).toBeLessThanOrEqual(8192);
    expect(gradedIndexes.length).toBeGreaterThan(8180);
    expect(parseIndexRanges(gradedIndexes).every((index) => index % 2 === 0)).toBe(true);
  });
});
