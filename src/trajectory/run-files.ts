import { readdir } from "node:fs/promises";
import path from "node:path";
import { RollyardError } from "../errors/rollyard-error.ts";
import { isFile } from "./is-file.ts";
import { readRecords } from "./read-records.ts";
import { resultRecordSchema } from "./result-record.ts";
import type { RolloutFacts } from "./rollout-facts.ts";
import { StatisticsBuilder } from "./run-statistics.ts";
import type { RunStatistics } from "./run-statistics.ts";
import { trajectoryRecordSchema } from "./trajectory-record.ts";

/**
 * The run folder that a user means: the folder of a job, or one around a single job's. Throws `bad_input` with a
 * sentence when it is none, or holds several.
 */
export async function findRunFolder(given: string): Promise<string> {
  if (await isFile(path.join(given, "results.jsonl"))) return given;
  const names = await readdir(given).catch(() => null);
  if (names === null) throw new RollyardError("bad_input", { message: `There is no folder ${given}.` });
  const inner: string[] = [];
  for (const name of names.toSorted()) {
    if (await isFile(path.join(given, name, "results.jsonl"))) inner.push(name);
  }
  const [only] = inner;
  if (inner.length === 1 && only !== undefined) return path.join(given, only);
  throw new RollyardError("bad_input", {
    message:
      inner.length === 0
        ? `${given} is no run folder: it holds no results.jsonl.`
        : `${given} holds several jobs: ${inner.join(", ")}; name one of them, such as ${path.join(given, only ?? "")}.`,
  });
}

/** A run's statistics, and what its charts need beside them. */
export interface RunFigures {
  readonly stats: RunStatistics;
  readonly rollouts: readonly RolloutFacts[];
}

/** Messages and tokens, which statistics need not look at, are most of a trajectory. */
const callsSchema = trajectoryRecordSchema.pick({ calls: true });

/** Reads a run folder's records into statistics, a record at a time. Throws `bad_input`. */
export async function readStatistics(folder: string): Promise<RunFigures> {
  const builder = new StatisticsBuilder();
  for await (const record of readRecords(path.join(folder, "results.jsonl"), resultRecordSchema)) {
    builder.addResult(record);
  }
  for await (const record of readRecords(path.join(folder, "attempts.jsonl"), resultRecordSchema)) {
    builder.addFailedAttempt(record);
  }
  for await (const record of readRecords(path.join(folder, "trajectories.jsonl"), callsSchema)) {
    builder.addTrajectory(record);
  }
  return { stats: builder.build(path.basename(folder)), rollouts: builder.rollouts };
}
