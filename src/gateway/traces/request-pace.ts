import type { Clock } from "../../lib/clock.ts";

/** Longest time that a request is held back. */
const LONGEST_HOLD_MS = 60_000;
/** Requests of that many seconds may come at once before any is held back. */
const BURST_SECONDS = 1;

/**
 * Holds requests back so that no more begin per second than an environment takes. A refusal would reach the model, or cost one of
 * the platform's few retries; waiting costs nothing.
 */
export class RequestPace {
  readonly #clock: Pick<Clock, "monotonicMs" | "sleep">;
  readonly #everyMs: number;
  readonly #burstMs: number;
  /** When the next request would begin if none might come early. */
  #nextMs = 0;

  constructor(requestsPerSecond: number, clock: Pick<Clock, "monotonicMs" | "sleep">) {
    this.#clock = clock;
    this.#everyMs = 1000 / requestsPerSecond;
    this.#burstMs = BURST_SECONDS * 1000;
  }

  /** Resolves when it is the request's turn, with false when that would take too long, or the signal has aborted. */
  async enter(signal: AbortSignal): Promise<boolean> {
    const now = this.#clock.monotonicMs();
    const next = Math.max(this.#nextMs, now);
    const holdMs = next - now - this.#burstMs;
    if (holdMs > LONGEST_HOLD_MS) return false;
    this.#nextMs = next + this.#everyMs;
    if (holdMs > 0) await this.#clock.sleep(holdMs, signal);
    return !signal.aborted;
  }
}
