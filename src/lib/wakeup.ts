import type { Clock } from "./clock.ts";
import { OVER } from "./over.ts";

/** Lets a level-triggered loop sleep until something may have changed. Wakes that come while it works are kept. */
export class Wakeup {
  #isDue = false;
  #waiter: AbortController | null = null;

  /** Something may have changed. */
  wake(): void {
    this.#isDue = true;
    this.#waiter?.abort(OVER);
  }

  /** Resolves at the next wake, at once when one was missed, or after `atMostMs`. */
  async wait(clock: Clock, atMostMs: number): Promise<void> {
    if (!this.#isDue) {
      this.#waiter = new AbortController();
      await clock.sleep(atMostMs, this.#waiter.signal);
      this.#waiter = null;
    }
    this.#isDue = false;
  }
}
