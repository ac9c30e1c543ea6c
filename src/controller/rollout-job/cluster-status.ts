import type { JobLedger } from "../../job/job-ledger.ts";
import { jobStatus } from "../../job/job-status.ts";
import type { JobStatus } from "../../job/job-status.ts";
import type { RecordedOutcomes } from "../../job/record-lost.ts";
import { objectOrEmpty } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { MetaCondition } from "./cached-job.ts";
import type { JobRecord } from "../../job/job-record.ts";

/** What a RolloutJob's status is made of. */
export interface StatusParts {
  /** As the object has it: its figures stay while nobody counts anew. */
  readonly before: JsonObject;
  readonly ledger: JobLedger | null;
  readonly record: JobRecord | null;
  readonly conditions: readonly MetaCondition[];
  readonly generation: number;
}

/** `status` of a RolloutJob: figures of the ledger, times of the record. Pure. */
export function clusterStatus({ before, ledger, record, conditions, generation }: StatusParts): JsonObject {
  const figures = ledger === null ? {} : (readable(jobStatus(ledger)) as unknown as JsonObject);
  const started = record === null ? {} : { startTime: timeText(record.startedAtMs) };
  const endedAtMs = record?.endedAtMs ?? null;
  const ended = endedAtMs === null ? {} : { completionTime: timeText(endedAtMs) };
  return {
    ...before,
    ...figures,
    ...started,
    ...ended,
    observedGeneration: generation,
    conditions: conditions.map((condition) => ({ ...condition })),
  };
}

/** `kubectl get` shows numbers as they are; the exact ones are in the records. */
function readable(status: JobStatus): JobStatus {
  const { mean, stddev } = status.reward;
  return { ...status, reward: { ...status.reward, mean: rounded(mean), stddev: rounded(stddev) } };
}

function rounded(figure: number | null): number | null {
  return figure === null ? null : Math.round(figure * 10_000) / 10_000;
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** What a status says was recorded: the streams can't hold less. Undefined of a job that has counted nothing. */
export function recordedIn(status: JsonObject): RecordedOutcomes | undefined {
  const rollouts = objectOrEmpty(status["rollouts"]);
  const [graded, failed] = [count(rollouts["graded"]), count(rollouts["failed"])];
  if (graded === null || failed === null) return undefined;
  const underWay = (count(rollouts["active"]) ?? 0) + (count(rollouts["grading"]) ?? 0);
  const started = count(objectOrEmpty(status["attempts"])["started"]) ?? 0;
  return { rollouts: graded + failed, failedAttempts: Math.max(0, started - graded - underWay) };
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

/** How many rollouts a status says there are, for its conditions' sentences. */
export function rolloutsIn(status: JsonObject): {
  readonly total: number;
  readonly graded: number;
  readonly failed: number;
} {
  const rollouts = objectOrEmpty(status["rollouts"]);
  return {
    total: count(rollouts["total"]) ?? 0,
    graded: count(rollouts["graded"]) ?? 0,
    failed: count(rollouts["failed"]) ?? 0,
  };
}
