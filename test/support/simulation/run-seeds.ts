import { makeSchedule } from "./make-schedule.ts";
import type { Schedule } from "./schedule.ts";
import { World } from "./world.ts";
import type { WorldEnd } from "./world.ts";

/** A schedule on which the promise is broken. */
export interface Finding {
  readonly schedule: Schedule;
  readonly problems: readonly string[];
}

/** Seeds of one test file: the files run side by side, and together they are the daily budget. */
export const SEEDS_A_FILE = 5000;

/** Seeds of every day. */
export const DAILY_SEEDS = 4 * SEEDS_A_FILE;

/** Runs the schedules of so many seeds, from the first on, and returns those that break something. */
export function runSeeds(first: number, count: number): Promise<readonly Finding[]> {
  return findingsOf(first, count, makeSchedule, (schedule) => new World(schedule));
}

/** The same for any world, and what makes its schedules. */
export async function findingsOf(
  first: number,
  count: number,
  make: (seed: number) => Schedule,
  worldOf: (schedule: Schedule) => { readonly run: () => Promise<WorldEnd> },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const schedule = make(seed);
    const { problems } = await worldOf(schedule).run();
    if (problems.length > 0) findings.push({ schedule, problems });
  }
  return findings;
}
