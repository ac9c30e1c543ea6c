import { z } from "zod";
import type { LogStore } from "../bus/port.ts";
import { RollyardError } from "../errors/rollyard-error.ts";

const endSchema = z.discriminatedUnion("condition", [
  z.strictObject({
    condition: z.literal("Complete"),
    reason: z.enum(["AllGraded", "SomeUngraded"]),
    message: z.string(),
  }),
  z.strictObject({
    condition: z.literal("Failed"),
    reason: z.enum([
      "ConfigError",
      "AllFailing",
      "RetryBudgetExhausted",
      "DeadlineExceeded",
      "BudgetExhausted",
    ]),
    message: z.string(),
  }),
]);

const jobRecordSchema = z.strictObject({
  /** Of the snapshot of both specs, as they were at the start. */
  specHash: z.string(),
  environmentUid: z.string(),
  environmentName: z.string(),
  /** The rows as JSONL, a blob of the job. */
  rows: z.strictObject({ sha256: z.string(), sizeBytes: z.int(), chunks: z.int() }),
  /** Wall time of the start. */
  startedAtMs: z.number(),
  /** Seconds that count to the deadline and lie before `runsSinceMs`. */
  earlierSeconds: z.number(),
  /** Wall time since when it runs; null while it is suspended. */
  runsSinceMs: z.number().nullable(),
  /** Decided, and perhaps not carried through yet. */
  end: endSchema.nullable(),
  endedAtMs: z.number().nullable(),
});

/**
 * What a job was begun with, so that every leader goes on with the same, and how long it has run. It is kept on the bus
 * beside the snapshots that it names, for an object's own fields can be edited.
 */
export type JobRecord = z.output<typeof jobRecordSchema>;

/** A record as it was read; the sequence is what its next version expects. */
export interface StoredRecord {
  readonly record: JobRecord;
  readonly sequence: number;
}

/** Whose record. */
export interface RecordedJob {
  readonly namespace: string;
  /** As the bus has it. */
  readonly jobUid: string;
}

/** Subject of a job's record, or of all records of a namespace, or of all. */
export function recordSubject(namespace: string, jobUid: string): string {
  return `$KV.rollyard-specs.jobs.${namespace}.${jobUid}`;
}

/** Reads a record from the leader; null when the job was never begun. Rejects with `bus_unavailable`, `other_version`. */
export async function loadRecord(
  store: LogStore,
  { namespace, jobUid }: RecordedJob,
): Promise<StoredRecord | null> {
  const message = await store.readLast("specs", recordSubject(namespace, jobUid), { fromLeader: true });
  if (message === null) return null;
  const parsed = jobRecordSchema.safeParse(JSON.parse(new TextDecoder().decode(message.payload)));
  if (parsed.success) return { record: parsed.data, sequence: message.sequence };
  throw new RollyardError("other_version", {
    message: "A job's record was written by another version of Rollyard; run it with that version.",
  });
}

/**
 * Stores a record in place of the version of that sequence, 0 for none. Rejects with `log_conflict` when another leader
 * has stored one, `bus_unavailable` when it is not known, `stream_full`: all to be read anew and tried again.
 */
export async function storeRecord(
  store: LogStore,
  { namespace, jobUid }: RecordedJob,
  { record, sequence }: StoredRecord,
): Promise<StoredRecord> {
  const result = await store.publish({
    subject: recordSubject(namespace, jobUid),
    payload: new TextEncoder().encode(JSON.stringify(record)),
    expectedLastSequence: sequence,
  });
  switch (result.kind) {
    case "stored":
      return { record, sequence: result.sequence };
    case "full":
    case "slot_taken":
      throw new RollyardError("stream_full");
    case "wrong_sequence":
    case "in_flight":
      throw new RollyardError("log_conflict", { message: "The job's record was written by another leader." });
    case "unknown":
      throw new RollyardError("bus_unavailable");
    default:
      return result satisfies never;
  }
}

/** Seconds of running that count to the deadline. */
export function secondsRun({ earlierSeconds, runsSinceMs }: JobRecord, nowMs: number): number {
  return earlierSeconds + (runsSinceMs === null ? 0 : Math.max(0, nowMs - runsSinceMs) / 1000);
}
