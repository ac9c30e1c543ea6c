import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../src/lib/clock.ts";

/** A clock on which a sleep takes no real time: it moves on by the delay, and remembers each. */
export class InstantClock implements Clock {
  readonly sleeps: number[] = [];
  #nowMs = 1_700_000_000_000;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    this.sleeps.push(delayMs);
    await setImmediate();
    if (!signal?.aborted) this.#nowMs += delayMs;
  }
}
