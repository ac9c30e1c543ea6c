import type { Clock } from "../lib/clock.ts";

/** Spaces calls evenly so that no second sees more than `perSecond` of them (one more at its edge). */
export class RateGate {
  readonly #intervalMs: number;
  #nextAtMs = 0;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  /** Resolves when it is the caller's turn, or at once when the signal aborts. */
  async pass(clock: Clock, signal: AbortSignal): Promise<void> {
    const now = clock.monotonicMs();
    const turnAtMs = Math.max(now, this.#nextAtMs);
    this.#nextAtMs = turnAtMs + this.#intervalMs;
    if (turnAtMs > now) await clock.sleep(turnAtMs - now, signal);
  }
}
