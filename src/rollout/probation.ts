import type { Clock } from "../lib/clock.ts";
import type { SuspectLane } from "./suspect-lane.ts";

/** Whoever has done no harm for so long lets the next one in; what it holds may be what that one waits for. */
export const TRIAL_MS = 300_000;

/** One rollout's stay in its worker's lane of suspects, from when it is suspected to its next turn. */
export class Probation {
  readonly #lane: SuspectLane;
  readonly #clock: Clock;
  readonly #pauseMs: number;
  #deaths = 0;
  #stay: AbortController | null = null;

  /**
   * `pauseMs` comes before each entering. Another for each rollout and worker: what is delivered together does not
   * enter in the same order in every worker, or the guilty one would be the first each time.
   */
  constructor(lane: SuspectLane, clock: Clock, pauseMs: number) {
    this.#lane = lane;
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** Whether it has had its place as one of so many ended drivers, or more. */
  isFor(deaths: number): boolean {
    return deaths <= this.#deaths;
  }

  /** Waits for its place. Resolves with false when the signal aborts before. */
  async enter(deaths: number, signal: AbortSignal): Promise<boolean> {
    this.leave();
    await this.#clock.sleep(this.#pauseMs, signal);
    const leave = await this.#lane.enter(deaths, signal);
    if (leave === null) return false;
    const stay = new AbortController();
    stay.signal.addEventListener("abort", leave, { once: true });
    void this.#clock.sleep(TRIAL_MS, stay.signal).then(leave);
    this.#deaths = deaths;
    this.#stay = stay;
    return true;
  }

  /** It has got past what it was suspected of, or is driven here no more. Safe to repeat. */
  leave(): void {
    this.#stay?.abort();
    this.#stay = null;
  }
}
