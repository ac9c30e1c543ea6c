import path from "node:path";
import { JoinTally } from "./joined-jobs.ts";
import type { JoinedJobs } from "./joined-jobs.ts";
import { readJoinedResults } from "./joined-results.ts";
import { readRecords } from "./read-records.ts";
import { resultRecordSchema } from "./result-record.ts";
import type { RolloutFacts } from "./rollout-facts.ts";
import { readRunEnd } from "./run-end.ts";
import type { RunFamily, RunMember } from "./run-family.ts";
import { StatisticsBuilder } from "./run-statistics.ts";
import type { RunStatistics } from "./run-statistics.ts";
import { trajectoryRecordSchema } from "./trajectory-record.ts";

/** A run's statistics, and what its report needs beside them. */
export interface RunFigures {
  readonly stats: RunStatistics;
  readonly rollouts: readonly RolloutFacts[];
  /** Null for a run alone. */
  readonly joined: JoinedJobs | null;
  /** Name of the run folder that has a rollout as it stands. */
  readonly folderOf: (place: Pick<RolloutFacts, "item_index" | "sample_index">) => string;
}

/** Messages and tokens, which statistics need not look at, are most of a trajectory. */
const callsSchema = trajectoryRecordSchema.pick({ rollout: true, calls: true });

/** Reads a run folder's records into statistics, a record at a time. Throws `bad_input`. */
export function readStatistics(folder: string): Promise<RunFigures> {
  const base = { job: path.basename(folder), folder, retryOf: null, number: 0 };
  return readJoinedStatistics({ outer: path.dirname(folder), base, retries: [] });
}

/**
 * The same of a job and its retries: each rollout as it stands; a failure that a retry has mended counts as an attempt
 * that failed. Throws `bad_input`.
 */
export async function readJoinedStatistics(family: RunFamily): Promise<RunFigures> {
  const { base, retries } = family;
  const builder = new StatisticsBuilder();
  const tally = new JoinTally(family);
  const superseded = new Set<string>();
  for await (const result of readJoinedResults(family)) {
    tally.add(result);
    if (result.isCurrent) builder.addResult(result.record);
    else superseded.add(result.record.rollout);
  }
  for (const { folder } of [base, ...retries]) await addRest(folder, builder, superseded);
  return {
    stats: { ...builder.build(base.job), ...(retries.length === 0 ? {} : { job: base.job }) },
    rollouts: builder.rollouts,
    joined: retries.length === 0 ? null : tally.joined(await endedFolders([base, ...retries])),
    folderOf: (place) => tally.folderOf(place),
  };
}

async function endedFolders(members: readonly RunMember[]): Promise<ReadonlySet<string>> {
  const ends = await Promise.all(members.map(({ folder }) => readRunEnd(folder)));
  return new Set(members.filter((_, index) => ends[index] !== null).map(({ folder }) => folder));
}

/** Adds a run's failed attempts, those of rollouts that no longer count among them, and the calls of those that do. */
async function addRest(
  folder: string,
  builder: StatisticsBuilder,
  superseded: ReadonlySet<string>,
): Promise<void> {
  for await (const record of readRecords(path.join(folder, "attempts.jsonl"), resultRecordSchema)) {
    builder.addFailedAttempt(record);
  }
  for await (const record of readRecords(path.join(folder, "trajectories.jsonl"), callsSchema)) {
    if (!superseded.has(record.rollout)) builder.addTrajectory(record);
  }
}
