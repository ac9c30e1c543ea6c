import type { Finding } from "../run-seeds.ts";
import { makeTraceSchedule } from "./make-trace-schedule.ts";
import { TraceWorld } from "./trace-world.ts";

/** Seeds of every day: some 15 seconds of computing. */
export const DAILY_TRACE_SEEDS = 1000;

/** Runs the traces of so many seeds, from the first on, and returns those that break something. */
export async function runTraceSeeds(first: number, count: number): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const schedule = makeTraceSchedule(seed);
    const { problems } = await new TraceWorld(schedule).run();
    if (problems.length > 0) findings.push({ schedule, problems });
  }
  return findings;
}
