import path from "node:path";
import { readRecords } from "./read-records.ts";
import { resultRecordSchema } from "./result-record.ts";
import type { ResultRecord } from "./result-record.ts";
import type { RunFamily, RunMember } from "./run-family.ts";

/** A line of results.jsonl among those of a job and its retries. */
export interface JoinedResult {
  readonly record: ResultRecord;
  readonly member: RunMember;
  /** Whether it is how the rollout stands now; of a rollout's lines one is. */
  readonly isCurrent: boolean;
}

/** Which retry's line of a rollout counts when its job's own has no reward. */
interface Claim {
  readonly member: RunMember;
  readonly isGraded: boolean;
}

/**
 * The results of a job and its retries, job by job. A rollout stands as its job has it when that has a reward; else as
 * the newest retry with a reward has it; else as the newest retry failed. Throws `bad_input`.
 */
export async function* readJoinedResults({ base, retries }: RunFamily): AsyncGenerator<JoinedResult> {
  const claims = await claimsOf(retries);
  for await (const record of resultsOf(base)) {
    if (record.outcome === "graded") claims.delete(placeKey(record));
    yield { record, member: base, isCurrent: !claims.has(placeKey(record)) };
  }
  for (const member of retries) {
    for await (const record of resultsOf(member)) {
      yield { record, member, isCurrent: claims.get(placeKey(record))?.member === member };
    }
  }
}

async function claimsOf(retries: readonly RunMember[]): Promise<Map<string, Claim>> {
  const claims = new Map<string, Claim>();
  for (const member of retries) {
    for await (const record of resultsOf(member)) {
      const isGraded = record.outcome === "graded";
      if (isGraded || claims.get(placeKey(record))?.isGraded !== true) {
        claims.set(placeKey(record), { member, isGraded });
      }
    }
  }
  return claims;
}

function resultsOf({ folder }: RunMember): AsyncGenerator<ResultRecord> {
  return readRecords(path.join(folder, "results.jsonl"), resultRecordSchema);
}

function placeKey({ item_index, sample_index }: Pick<ResultRecord, "item_index" | "sample_index">): string {
  return `${item_index}-${sample_index}`;
}
