import type { Clock } from "./clock.ts";

/** How a paced action is done. */
export interface PacedOptions {
  readonly clock: Pick<Clock, "sleep">;
  /** The least time from one doing to the next. */
  readonly pauseMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Does something when it is asked for: at once, but not again before a pause is over, however often it is asked meanwhile. */
export class Paced {
  readonly #act: () => void;
  readonly #options: PacedOptions;
  #isPausing = false;
  #isDue = false;

  /** `act` may ask again; it must not throw. */
  constructor(act: () => void, options: PacedOptions) {
    this.#act = act;
    this.#options = options;
  }

  /** Asks for it. After the signal has aborted nothing is done any more. */
  ask(): void {
    const { signal } = this.#options;
    if (signal.aborted) return;
    this.#isDue = true;
    if (!this.#isPausing) void this.#go();
  }

  async #go(): Promise<void> {
    const { clock, pauseMs, signal } = this.#options;
    this.#isPausing = true;
    while (this.#isDue && !signal.aborted) {
      this.#isDue = false;
      this.#act();
      await clock.sleep(pauseMs, signal);
    }
    this.#isPausing = false;
  }
}
