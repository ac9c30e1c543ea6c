import type { Clock } from "../lib/clock.ts";

/** A request that came more often is graded alone: it may be what ends its graders. */
export const SUSPECT_DELIVERIES = 10;

/** Whoever has done no harm for so long may have company again. */
const TRIAL_MS = 300_000;

interface Waiting {
  readonly isSuspect: boolean;
  readonly enter: () => void;
}

/** Ends a grading's stay; safe to repeat. */
export type LeaveCompany = () => void;

/**
 * Who is graded beside whom in one process. A process that dies takes all its gradings along, so a suspect begins only
 * when nothing else runs, and nothing begins beside it until it has ended or has shown for a while that it is harmless.
 */
export class GradingCompany {
  readonly #clock: Clock;
  #inside = 0;
  #isOnTrial = false;
  #waiting: Waiting[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with how to leave once the grading may begin; null when the signal aborts before. */
  enter(isSuspect: boolean, signal: AbortSignal): Promise<LeaveCompany | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        resolve(null);
      };
      const waiting: Waiting = {
        isSuspect,
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          resolve(this.#begin(isSuspect));
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
  }

  #begin(isSuspect: boolean): LeaveCompany {
    const stay = new AbortController();
    const endTrial = (): void => {
      if (isSuspect && !stay.signal.aborted) this.#isOnTrial = false;
      this.#admit();
    };
    this.#inside += 1;
    this.#isOnTrial = isSuspect;
    if (isSuspect) void this.#clock.sleep(TRIAL_MS, stay.signal).then(endTrial);
    return () => {
      if (stay.signal.aborted) return;
      this.#inside -= 1;
      endTrial();
      stay.abort();
    };
  }

  #admit(): void {
    for (const next of Array.from(this.#waiting)) {
      if (this.#isOnTrial || (next.isSuspect && this.#inside > 0)) continue;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      next.enter();
    }
  }
}
