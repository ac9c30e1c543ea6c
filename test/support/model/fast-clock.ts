import { systemClock } from "../../../src/lib/clock.ts";
import type { Clock } from "../../../src/lib/clock.ts";

/** A clock that runs so many times faster than the machine's: waits of seconds pass in milliseconds, in order. */
export function fastClock(speed: number): Clock {
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs() * speed,
    sleep: (delayMs, signal) => systemClock.sleep(delayMs / speed, signal),
  };
}
