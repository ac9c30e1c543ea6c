/** A grading that came out of its wait and wants a slot again. */
interface Returning {
  readonly enter: () => void;
}

/**
 * The slots of one process for gradings that run. A grading that only waits (its endpoint is down, its judge throttles)
 * holds none, so that an outage of one environment's grader leaves room for the others'; when its wait is over it gets
 * one again, first come first served, and before anything new is taken.
 */
export class GradingSlots {
  readonly #capacity: number;
  readonly #returning: Returning[] = [];
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Slots that nothing uses and nothing returns to. */
  get free(): number {
    return Math.max(0, this.#capacity - this.#used - this.#returning.length);
  }

  /** A slot for something new; whoever takes one has asked for no more than are {@link free}. */
  take(): SlotHold {
    this.#used += 1;
    return new SlotHold({ release: () => this.#release(), enter: (signal) => this.#enter(signal) });
  }

  #release(): void {
    this.#used -= 1;
    this.#admit();
  }

  #enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#returning.splice(this.#returning.indexOf(returning), 1);
        resolve(false);
      };
      const returning: Returning = {
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          this.#used += 1;
          resolve(true);
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#returning.push(returning);
      this.#admit();
    });
  }

  #admit(): void {
    while (this.#used < this.#capacity) {
      const next = this.#returning.shift();
      if (next === undefined) return;
      next.enter();
    }
  }
}

interface SlotDoor {
  readonly release: () => void;
  readonly enter: (signal: AbortSignal) => Promise<boolean>;
}

/** One grading's slot. */
export class SlotHold {
  readonly #door: SlotDoor;
  #isHeld = true;
  #hasEnded = false;
  #entering: Promise<boolean> | null = null;

  constructor(door: SlotDoor) {
    this.#door = door;
  }

  /** Whether it only waits now. */
  get isOutside(): boolean {
    return !this.#isHeld;
  }

  /** Gives the slot back. Safe to repeat. */
  leave(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#door.release();
  }

  /** The grading is over: it gets no slot any more. */
  end(): void {
    this.#hasEnded = true;
    this.leave();
  }

  /** Waits for a slot again; several parts of a grading share it. Resolves with false when the signal aborts. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (this.#isHeld) return true;
    this.#entering ??= this.#reenter(signal).finally(() => (this.#entering = null));
    return this.#entering;
  }

  async #reenter(signal: AbortSignal): Promise<boolean> {
    const isIn = await this.#door.enter(signal);
    if (!isIn) return false;
    if (this.#hasEnded) {
      this.#door.release();
      return false;
    }
    this.#isHeld = true;
    return true;
  }
}
