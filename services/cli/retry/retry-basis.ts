import { lstat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { SpecSnapshot } from "../../../src/config/spec-hash.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { formatIndexRanges, parseIndexRanges } from "../../../src/job/index-ranges.ts";
import { retryName } from "../../../src/job/retry-name.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import { selectRetries, unknownItems } from "../../../src/job/select-retries.ts";
import type { FinalOutcome, RetryFilter } from "../../../src/job/select-retries.ts";
import { readJoinedResults } from "../../../src/trajectory/joined-results.ts";
import type { RunFamily, RunMember } from "../../../src/trajectory/run-family.ts";
import type { CliIo } from "../cli-io.ts";
import { holderOf, privateFolderOf } from "../run/run-folder.ts";
import { resumeCommand } from "../run/resume-command.ts";
import { isServed } from "../serve/is-served.ts";
import { readRunState } from "../run/run-state.ts";
import type { RunState } from "../run/run-state.ts";

/** What a retry is made from. */
export interface RetryBasis {
  /** The job whose rollouts these are. */
  readonly retryOf: string;
  /** The retry's own name. */
  readonly name: string;
  /** Specs and origin that hold where no changed ones are given. */
  readonly state: RunState;
  readonly snapshot: SpecSnapshot;
  readonly indexes: readonly number[];
  /** Whether it was begun before and goes on. */
  readonly isResumed: boolean;
}

type Reader = Pick<CliIo, "cwd" | "command">;

const snapshotSchema = z.strictObject({
  job: rolloutJobSpecSchema,
  environment: environmentSpecSchema,
  itemsSha256: z.string(),
});

/**
 * Decides what a retry of an ended job runs: the rollouts that have no reward in the joined view of the job and its
 * retries, as the next retry; or, where a retry was begun and has not ended, that one's own. Throws
 * `bad_input` for an item that the job has not, and `run_folder_conflict` when the job itself has not ended, saying how to resume it.
 */
export async function retryBasis(family: RunFamily, filter: RetryFilter, io: Reader): Promise<RetryBasis> {
  const { base } = family;
  const state = await requireState(base);
  if (state.end === null) throw await unfinished(base, state, io);
  const snapshot = parseSnapshot(state);
  for (const retry of family.retries) {
    const begun = await requireState(retry);
    if (begun.end === null) return resumed(base, retry, begun);
  }
  const outcomes = await finalOutcomes(family);
  requireItems(base, outcomes, filter);
  return {
    retryOf: base.job,
    name: await freeName(family),
    state,
    snapshot,
    indexes: selectRetries(outcomes, snapshot.job.samplesPerItem, filter),
    isResumed: false,
  };
}

function requireItems({ job }: RunMember, outcomes: readonly FinalOutcome[], filter: RetryFilter): void {
  const { unknown, known } = unknownItems(outcomes, filter);
  if (unknown.length === 0) return;
  throw new RollyardError("bad_input", {
    message: `--item ${unknown.join(", ")}: no rollout of ${job} is of such an item; its items are ${formatIndexRanges(known)}.`,
  });
}

function resumed(base: RunMember, retry: RunMember, state: RunState): RetryBasis {
  const snapshot = parseSnapshot(state);
  const indexes = parseIndexRanges(snapshot.job.indexes ?? "");
  return { retryOf: base.job, name: retry.job, state, snapshot, indexes, isResumed: true };
}

async function finalOutcomes(family: RunFamily): Promise<readonly FinalOutcome[]> {
  const outcomes: FinalOutcome[] = [];
  for await (const { record, isCurrent } of readJoinedResults(family)) {
    if (!isCurrent) continue;
    const failureClass = record.outcome === "graded" ? null : (record.failure_class ?? "internal");
    outcomes.push({ itemIndex: record.item_index, sampleIndex: record.sample_index, failureClass });
  }
  return outcomes;
}

/** The first number after the last retry's whose name is free; a cut name may be another job's. */
async function freeName({ outer, base, retries }: RunFamily): Promise<string> {
  for (let number = (retries.at(-1)?.number ?? 0) + 1; ; number += 1) {
    const name = retryName(base.job, number);
    const isTaken = await lstat(path.join(outer, name)).then(
      () => true,
      () => false,
    );
    if (!isTaken) return name;
  }
}

async function requireState({ job, folder }: RunMember): Promise<RunState> {
  const state = await readRunState(privateFolderOf(folder));
  if (state !== null) return state;
  throw new RollyardError("run_folder_conflict", {
    message: `The notes of the run ${job} (.rollyard/run.json in ${folder}) are gone, and a retry needs them; start a new run with another --out.`,
  });
}

function parseSnapshot({ snapshot, job }: RunState): SpecSnapshot {
  const parsed = snapshotSchema.safeParse(snapshot);
  if (parsed.success) return parsed.data;
  throw new RollyardError("run_folder_conflict", {
    message: `The run ${job.name} is of another version of Rollyard; retry it with that version.`,
  });
}

async function unfinished({ job, folder }: RunMember, state: RunState, io: Reader): Promise<RollyardError> {
  if (isServed(state)) {
    const message = `${job} was served to a trainer, which asks for its rollouts again itself: there is nothing to retry.`;
    return new RollyardError("bad_input", { message });
  }
  const holder = await holderOf(folder);
  const message =
    holder === null
      ? `The run ${job} has not ended; resume it first: ${resumeCommand(folder, state, io)}`
      : `The run ${job} is under way in process ${holder}; retry it once it has ended.`;
  return new RollyardError("run_folder_conflict", { message });
}
