/**
 * How many sandboxes may be started now by rate: a bucket that holds one second's worth. Times are monotonic milliseconds
 * given by the caller.
 */
export class StartRate {
  #perSecond: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledAtMs = nowMs;
  }

  /** Whole starts allowed now. */
  allowance(nowMs: number): number {
    this.#fill(nowMs);
    return Math.floor(this.#tokens);
  }

  /** Counts a start that begins. */
  begin(nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= 1;
  }

  /** Changes the rate from now on. */
  set(perSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#perSecond = perSecond;
  }

  #fill(nowMs: number): void {
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + earned);
    this.#filledAtMs = nowMs;
  }
}
