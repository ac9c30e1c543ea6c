import type { LeaseRecord, StoredLease } from "./lease.ts";

/** When this process first saw the lease's present version, by its own monotonic clock. */
export interface LeaseSighting {
  readonly version: string;
  readonly atMs: number;
}

/** What a candidate does now. */
export type LeasePlan =
  /** Write the record over the version, or make the first lease. */
  | { readonly kind: "take"; readonly record: LeaseRecord; readonly over: string | null }
  /** Someone else leads; look again. */
  | { readonly kind: "wait" };

/** Who asks, and when. */
export interface Candidate {
  readonly identity: string;
  readonly durationSeconds: number;
  /** Monotonic, for decisions. */
  readonly nowMs: number;
  /** Wall time, for the record. */
  readonly wallMs: number;
}

/**
 * Decides whether a candidate takes or renews the lease. A holder is given up when its lease has not changed for its whole
 * duration by our own clock: clocks of other machines may be wrong, so the times in the lease decide nothing.
 */
export function planLease(stored: StoredLease | null, seen: LeaseSighting, candidate: Candidate): LeasePlan {
  if (stored === null) return { kind: "take", record: firstRecord(candidate, 0), over: null };
  const { record, version } = stored;
  if (record.holder === candidate.identity) {
    return { kind: "take", record: { ...record, renewTime: microTime(candidate.wallMs) }, over: version };
  }
  const isOver = record.holder === "" || candidate.nowMs - seen.atMs >= record.durationSeconds * 1000;
  if (!isOver) return { kind: "wait" };
  return { kind: "take", record: firstRecord(candidate, record.transitions + 1), over: version };
}

/** The record by which a holder gives its lease back, so that the next one need not wait for its end. */
export function releasedRecord(record: LeaseRecord, wallMs: number): LeaseRecord {
  return { ...record, holder: "", durationSeconds: 1, renewTime: microTime(wallMs) };
}

function firstRecord(candidate: Candidate, transitions: number): LeaseRecord {
  const now = microTime(candidate.wallMs);
  return {
    holder: candidate.identity,
    durationSeconds: candidate.durationSeconds,
    acquireTime: now,
    renewTime: now,
    transitions,
  };
}

/** A time as MicroTime wants it: RFC 3339 with six digits of a second. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}
