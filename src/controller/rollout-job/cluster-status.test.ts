import { describe, expect, it } from "vitest";
import { JobLedger } from "../../job/job-ledger.ts";
import { rolloutJobStatusSchema } from "../../job/rollout-job-status.ts";
import { clusterStatus, recordedIn } from "./cluster-status.ts";
import type { StatusParts } from "./cluster-status.ts";

const record = {
  specHash: "a",
  environmentUid: "b",
  environmentName: "c",
  rows: { sha256: "d", sizeBytes: 1, chunks: 1 },
  startedAtMs: 1000,
  earlierSeconds: 0,
  runsSinceMs: 1000,
  end: null,
  endedAtMs: null,
};
const parts: StatusParts = { before: {}, ledger: null, record: null, conditions: [], generation: 2 };
const graded = (sampleIndex: number) => ({
  place: { itemIndex: 0, sampleIndex },
  attempt: 0,
  sequence: sampleIndex + 1,
  storedAtMs: 0,
  promptTokens: 1,
  completionTokens: 1,
  end: { kind: "graded", reward: 1 } as const,
});

const ledgerOf = (): JobLedger => {
  const ledger = new JobLedger({
    items: 2,
    samplesPerItem: 2,
    retry: { maxAttempts: 3, budgetPercent: 20 },
    indexes: null,
  });
  ledger.ended(graded(0));
  ledger.ended({ ...graded(1), end: { kind: "failed", failureClass: "sandbox", code: "sandbox_lost" } });
  ledger.dispatched({ itemIndex: 1, sampleIndex: 0 }, 0);
  return ledger;
};

describe("the status of a job on a cluster", () => {
  it("has the ledger's figures and the record's times, and fits its schema", () => {
    const status = clusterStatus({ ...parts, ledger: ledgerOf(), record });
    expect(status).toMatchObject({
      rollouts: { total: 4, graded: 1, active: 1, pending: 2 },
      startTime: new Date(1000).toISOString(),
      observedGeneration: 2,
    });
    expect(rolloutJobStatusSchema.safeParse(status).success).toBe(true);
  });

  it("shows mean and deviation with four digits, for they are printed as they are", () => {
    const ledger = ledgerOf();
    ledger.ended({
      ...graded(0),
      place: { itemIndex: 1, sampleIndex: 0 },
      sequence: 9,
      end: { kind: "graded", reward: 1 / 3 },
    });
    expect(clusterStatus({ ...parts, ledger })).toMatchObject({
      reward: { mean: 0.6667, stddev: 0.3333, min: 1 / 3 },
    });
  });

  it("keeps the figures that were written while nobody counts", () => {
    const before = clusterStatus({ ...parts, ledger: ledgerOf(), record });
    expect(clusterStatus({ ...parts, before })).toMatchObject({ rollouts: { total: 4, graded: 1 } });
  });

  it("says what the streams must hold: ended rollouts, and attempts that failed", () => {
    const status = clusterStatus({ ...parts, ledger: ledgerOf() });
    expect(recordedIn(status)).toEqual({ rollouts: 1, failedAttempts: 1 });
    expect(recordedIn({})).toBeUndefined();
  });
});
