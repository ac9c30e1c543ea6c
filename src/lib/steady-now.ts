import type { Clock } from "./clock.ts";

/**
 * Wall time that no jump of the wall clock moves from now on: what it is now, and what the monotonic clock counts after that.
 * For comparing with times on record, where a jump would look like time that has passed.
 */
export function steadyNow(clock: Pick<Clock, "nowMs" | "monotonicMs">): () => number {
  const offsetMs = clock.nowMs() - clock.monotonicMs();
  return () => offsetMs + clock.monotonicMs();
}
