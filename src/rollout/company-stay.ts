import type { Clock } from "../lib/clock.ts";
import type { Company } from "./company.ts";

/** One piece of work's stay in the company of its process, from when it is suspected to when it has got past that. */
export class CompanyStay {
  readonly #company: Company;
  readonly #clock: Clock;
  readonly #pauseMs: number;
  #suspicion = -1;
  #stay: AbortController | null = null;
  #entering: Promise<boolean> | null = null;

  /**
   * `pauseMs` comes before each entering. Another for each piece of work, and from one process or delivery to the next: what
   * is delivered together does not enter in the same order each time, or the guilty one would always be the first.
   */
  constructor(company: Company, clock: Clock, pauseMs: number) {
    this.#company = company;
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** Whether it has had its place as one that is suspected so much, or more. */
  isFor(suspicion: number): boolean {
    return suspicion <= this.#suspicion;
  }

  /** Waits for its place. Resolves with false when the signal aborts before. */
  async enter(suspicion: number, signal: AbortSignal): Promise<boolean> {
    this.leave();
    if (this.#pauseMs > 0) await this.#clock.sleep(this.#pauseMs, signal);
    const leave = await this.#company.enter(suspicion, signal);
    if (leave === null) return false;
    const stay = new AbortController();
    stay.signal.addEventListener("abort", leave, { once: true });
    this.#suspicion = suspicion;
    this.#stay = stay;
    return true;
  }

  /**
   * After it {@link leave}s for a wait, for that harms nobody: in again behind whoever waits by then, unless it is in.
   * Several of its parts may do so at once. Resolves with false when the signal aborts.
   */
  async enterAgain(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#stay !== null) return true;
    this.#entering ??= this.enter(this.#suspicion, signal).finally(() => (this.#entering = null));
    return this.#entering;
  }

  /** It has got past what it was suspected of, or runs here no more. Safe to repeat. */
  leave(): void {
    this.#stay?.abort();
    this.#stay = null;
  }
}
