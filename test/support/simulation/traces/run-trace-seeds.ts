import { findingsOf } from "../run-seeds.ts";
import type { Finding } from "../run-seeds.ts";
import { makeTraceSchedule } from "./make-trace-schedule.ts";
import { TraceWorld } from "./trace-world.ts";

/** Seeds of every day: some 15 seconds of computing. */
export const DAILY_TRACE_SEEDS = 1000;

/** Runs the traces of so many seeds, from the first on, and returns those that break something. */
export function runTraceSeeds(first: number, count: number): Promise<readonly Finding[]> {
  return findingsOf(first, count, makeTraceSchedule, (schedule) => new TraceWorld(schedule));
}
