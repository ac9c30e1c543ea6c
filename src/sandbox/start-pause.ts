import type { StartPressure, StartProgress } from "./port.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Holds starts back while a cluster has no room for more, and says why. Nothing has failed then: what waits goes on
 * waiting. Times are monotonic milliseconds given by the caller.
 */
export class StartPause {
  #refused: StartPressure | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #nextTrialMs = 0;
  #isTrial = false;
  /** Of starts that are under way, by sandbox. */
  readonly #waiting = new Map<string, StartPressure>();

  /** How many starts it lets through now; none of its own limit while there is room. */
  allowance(nowMs: number): number {
    if (this.#refused === null) return Number.POSITIVE_INFINITY;
    return nowMs < this.#nextTrialMs ? 0 : 1;
  }

  /** A start begins; while there is no room it is a trial, and the next comes after a pause. */
  begin(nowMs: number): void {
    this.#isTrial = this.#refused !== null;
    if (this.#isTrial) this.#nextTrialMs = nowMs + this.#pauseMs;
  }

  /** A start was refused for want of room. */
  refused(pressure: StartPressure, nowMs: number): void {
    // Of many that were refused together, the first begins the pause; only a trial makes it longer.
    if (this.#refused !== null && !this.#isTrial) return;
    if (this.#isTrial) this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    this.#isTrial = false;
    this.#refused = pressure;
    this.#nextTrialMs = nowMs + this.#pauseMs;
  }

  /** A start that is under way tells how it goes. */
  progress(sandboxUid: string, progress: StartProgress): void {
    if (progress.kind === "waiting") {
      this.#waiting.set(sandboxUid, progress.pressure);
      return;
    }
    this.#waiting.delete(sandboxUid);
    this.#refused = null;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** A start is over, however it ended. */
  ended(sandboxUid: string): void {
    this.#waiting.delete(sandboxUid);
  }

  /** Why there is no room; null while there is. */
  pressure(): StartPressure | null {
    const [waiting] = this.#waiting.values();
    return this.#refused ?? waiting ?? null;
  }
}
