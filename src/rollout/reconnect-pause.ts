import { BEAT_MS } from "../bus/keep-beating.ts";
import type { Clock } from "../lib/clock.ts";

/**
 * After an outage all live work is delivered again, to whoever comes back first. For one beat interval after its own
 * return a worker takes nothing over from another driver, which may be on its way back too.
 */
export class ReconnectPause {
  readonly #clock: Clock;
  #wasLost = false;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be told of each change of the connection. */
  noticed(status: "connected" | "disconnected"): void {
    if (status === "connected" && this.#wasLost) this.#untilMs = this.#clock.monotonicMs() + BEAT_MS;
    this.#wasLost = status === "disconnected";
  }

  /** Resolves when it is over, or the signal aborts; with true when there was something to wait for. */
  async over(signal: AbortSignal): Promise<boolean> {
    let hasWaited = false;
    for (;;) {
      const leftMs = this.#untilMs - this.#clock.monotonicMs();
      if (leftMs <= 0 || signal.aborted) return hasWaited;
      hasWaited = true;
      await this.#clock.sleep(leftMs, signal);
    }
  }
}
