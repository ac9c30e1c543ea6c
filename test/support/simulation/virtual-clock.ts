import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../src/lib/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock whose time moves only when nothing else can: each step fires the next timer. Deterministic. */
export class VirtualClock implements Clock {
  #nowMs = 1_800_000_000_000;
  #order = 0;
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer: Timer = {
        atMs: this.#nowMs + Math.max(0, delayMs),
        order: (this.#order += 1),
        fire: () => end(),
      };
      const end = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      signal?.addEventListener("abort", end, { once: true });
      this.#timers.push(timer);
    });
  }

  /** Runs until the promise settles. Rejects when nothing is left that could settle it, or after `limitMs`. */
  async run<T>(promise: Promise<T>, limitMs: number): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    const untilMs = this.#nowMs + limitMs;
    for (;;) {
      await setImmediate();
      if (isSettled) return promise;
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined)
        throw new Error("the simulation stands still: nothing is left that could happen");
      if (next.atMs > untilMs) throw new Error(`the simulation did not end within ${limitMs} ms of its time`);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fire();
    }
  }
}
