/** When the next of evenly spaced starts may be, so that no second sees more than so many (one more at its edge). */
export class RateGate {
  readonly #intervalMs: number;
  #nextAtMs = 0;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  /** Milliseconds until one may start; 0 or less: now. */
  waitMs(nowMs: number): number {
    return this.#nextAtMs - nowMs;
  }

  /** One starts. One that comes a little late leaves the times of the next as they were. */
  start(nowMs: number): void {
    const isOnTime = nowMs - this.#nextAtMs < this.#intervalMs;
    this.#nextAtMs = (isOnTime ? this.#nextAtMs : nowMs) + this.#intervalMs;
  }
}
