/** One grading's slot in its process. */
export interface GradingSlot {
  /** Gives it back. Safe to repeat. */
  leave(): void;
  /** Waits for one again, if it holds none; several may do so at once. Resolves with false when the signal aborts. */
  enter(signal: AbortSignal): Promise<boolean>;
}

/** Keeps a grading's slot for as long as any of its parts does more than wait. */
export class GradingPlace {
  readonly #slot: GradingSlot;
  #inside = 1;
  #outside = 0;

  constructor(slot: GradingSlot) {
    this.#slot = slot;
  }

  /** The one part that it was divides into so many. */
  divide(parts: number): void {
    this.#inside += parts - 1;
  }

  /** A part has ended; the last one to do so keeps the slot. */
  partEnded(): void {
    this.#inside -= 1;
    if (this.#inside === 0 && this.#outside > 0) this.#slot.leave();
    if (this.#inside === 0 && this.#outside === 0) this.#inside = 1;
  }

  /** A part only waits. Resolves with false when the signal aborts, and rejects as the wait does. */
  async outside(wait: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    this.#inside -= 1;
    this.#outside += 1;
    if (this.#inside === 0) this.#slot.leave();
    try {
      await wait();
    } finally {
      this.#inside += 1;
      this.#outside -= 1;
    }
    return signal.aborted ? false : this.#slot.enter(signal);
  }
}
