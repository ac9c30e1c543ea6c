import type { Clock } from "../../../src/lib/clock.ts";
import { TimerHeap } from "./timer-heap.ts";
import type { Timer } from "./timer-heap.ts";

/** Steps that are queued together: all microtasks run between two of them, and the event loop is entered once. */
const STEPS_AT_ONCE = 64;

const START_MS = 1_800_000_000_000;

/** A clock whose time moves only when nothing else can: each step fires the next timer. Deterministic. */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap();
  #nowMs = START_MS;
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Time since the clock was made. */
  get elapsedMs(): number {
    return this.#nowMs - START_MS;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = (): void => {
        timer.isCancelled = true;
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = this.#add(delayMs, end);
      signal?.addEventListener("abort", end, { once: true });
    });
  }

  /** Does something after a time, come what may. */
  after(delayMs: number, action: () => void): void {
    this.#add(delayMs, action);
  }

  /** Runs until the promise settles. Rejects when nothing is left that could settle it, or after `limitMs`. */
  async run<T>(promise: Promise<T>, limitMs: number): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.#turn(() => isSettled, this.#nowMs + limitMs);
    return promise;
  }

  #turn(isOver: () => boolean, untilMs: number): Promise<void> {
    const limitMs = untilMs - this.#nowMs;
    return new Promise((resolve, reject) => {
      let hasEnded = false;
      const step = (): void => {
        if (hasEnded) return;
        hasEnded = isOver();
        if (hasEnded) return resolve();
        const next = this.#timers.pop();
        if (next !== undefined && next.atMs <= untilMs) return this.#fire(next);
        hasEnded = true;
        reject(new Error(next === undefined ? STANDS_STILL : notWithin(limitMs)));
      };
      const queue = (): void => {
        if (hasEnded) return;
        for (let count = 0; count < STEPS_AT_ONCE; count += 1) setImmediate(step);
        setImmediate(queue);
      };
      queue();
    });
  }

  #fire(timer: Timer): void {
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.fire();
  }

  #add(delayMs: number, fire: () => void): Timer {
    const timer = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: (this.#order += 1),
      fire,
      isCancelled: false,
    };
    this.#timers.push(timer);
    return timer;
  }
}

const STANDS_STILL = "the simulation stands still: nothing is left that could happen";

function notWithin(limitMs: number): string {
  return `the simulation did not end within ${limitMs} ms of its time`;
}
