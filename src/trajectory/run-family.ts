import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { parseRetryName } from "../job/retry-name.ts";
import { isFile } from "./is-file.ts";
import { pathsIn, onlyJob } from "./only-job.ts";

/** A run folder, and whose retry its job is. */
export interface RunMember {
  /** Name of the job. */
  readonly job: string;
  readonly folder: string;
  /** Null for a job of its own. */
  readonly retryOf: string | null;
  /** 0 for a job of its own, else the retry's number. */
  readonly number: number;
}

/** A job and its retries, in one folder. */
export interface RunFamily {
  /** The folder around them. */
  readonly outer: string;
  readonly base: RunMember;
  /** By number. */
  readonly retries: readonly RunMember[];
}

/** What is asked of a run's own notes; they may be gone once it has ended. */
const stateSchema = z.object({
  job: z.object({ name: z.string(), retryOf: z.string().nullable() }),
});

/** Path of a run's notes in its folder. */
const STATE = path.join(".rollyard", "run.json");

/** Whether a folder is a run folder, begun or ended. */
async function isRunFolder(folder: string): Promise<boolean> {
  return (await isFile(path.join(folder, "results.jsonl"))) || isFile(path.join(folder, STATE));
}

/**
 * The job and its retries that a user means by a run folder or the folder around one. A retry stands for its whole
 * family. Throws `bad_input` with a sentence when it is none, or holds several jobs that are no retries of one.
 */
export async function findRunFamily(given: string): Promise<RunFamily> {
  if (!(await isRunFolder(given)))
    return onlyJob(given, families(given, await membersIn(given)), ({ base }) => base);
  const outer = path.dirname(given);
  const own = await memberAt(given);
  const found = families(outer, await membersIn(outer)).find(({ base, retries }) =>
    [base, ...retries].some(({ folder }) => folder === own.folder),
  );
  return found ?? { outer, base: own, retries: [] };
}

/**
 * The runs that a user reads by a folder: a run folder means its job alone; the folder around a job and its retries, all of
 * them together. Throws `bad_input` as {@link findRunFamily}.
 */
export async function runsToRead(given: string): Promise<RunFamily> {
  if (!(await isRunFolder(given))) return findRunFamily(given);
  return { outer: path.dirname(given), base: await memberAt(given), retries: [] };
}

async function membersIn(outer: string): Promise<readonly RunMember[]> {
  const members: RunMember[] = [];
  for (const folder of await pathsIn(outer)) {
    if (await isRunFolder(folder)) members.push(await memberAt(folder));
  }
  return members;
}

async function memberAt(folder: string): Promise<RunMember> {
  const state = await readState(folder);
  const job = state?.job.name ?? path.basename(folder);
  const named = parseRetryName(job);
  // Without its notes only the name tells.
  const retryOf = state === null ? (named?.job ?? null) : state.job.retryOf;
  return { job, folder, retryOf, number: retryOf === null ? 0 : (named?.number ?? 1) };
}

async function readState(folder: string): Promise<z.output<typeof stateSchema> | null> {
  const text = await readFile(path.join(folder, STATE), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A retry whose job is not there is a family of its own. */
function families(outer: string, members: readonly RunMember[]): readonly RunFamily[] {
  const names = new Set(members.filter(({ retryOf }) => retryOf === null).map(({ job }) => job));
  const isRetry = ({ retryOf }: RunMember): boolean => retryOf !== null && names.has(retryOf);
  return members
    .filter((member) => !isRetry(member))
    .map((base) => ({
      outer,
      base,
      retries: members
        .filter((member) => isRetry(member) && member.retryOf === base.job)
        .toSorted((a, b) => a.number - b.number),
    }));
}
