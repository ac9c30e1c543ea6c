import type { JobIdentity } from "../../../src/job/job-identity.ts";
import type { LedgerShape } from "../../../src/job/job-ledger.ts";

/** A job that is long over. */
export const PAST_JOB: JobIdentity = {
  namespace: "chaos",
  jobUid: "000000000000",
  environmentUid: "000000000000",
  jobName: "past",
  specHash: "",
  traceSeed: "",
};

/** Its groups. */
export const PAST_SAMPLES = 8;

/** What its ledger is made of. */
export function pastShape(outcomes: number): LedgerShape {
  const retry = { maxAttempts: 3, budgetPercent: 20 };
  return { items: outcomes / PAST_SAMPLES, samplesPerItem: PAST_SAMPLES, retry, indexes: null };
}
