import type { RollyardError } from "../errors/rollyard-error.ts";

/** What the breaker of sandbox starts is at. */
export interface BreakerState {
  /** Closed: starts run freely. Open: none until the pause is over, then one trial at a time. */
  readonly state: "closed" | "open" | "trial";
  /** Starts that failed since the last that succeeded. */
  readonly consecutiveFailures: number;
  /** Code of the last failure, or empty. */
  readonly lastCode: string;
  /** The sentence of the last failure and its short facts, or empty; nothing that a command wrote. */
  readonly lastReason: string;
}

const OPEN_AFTER = 5;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Stops the starts of one template when nothing starts: it opens after five failed starts in a row and then lets one trial
 * through at growing intervals. Times are monotonic milliseconds given by the caller.
 */
export class StartBreaker {
  #failures = 0;
  #lastCode = "";
  #lastReason = "";
  #closedUntilMs = 0;
  #trialRunning = false;

  /** How many starts it lets through now; none of its own limit while it is closed. */
  allowance(nowMs: number): number {
    if (this.#failures < OPEN_AFTER) return Number.POSITIVE_INFINITY;
    return nowMs < this.#closedUntilMs || this.#trialRunning ? 0 : 1;
  }

  /** A start begins. */
  begin(): void {
    this.#trialRunning = this.#failures >= OPEN_AFTER;
  }

  /** A start ended without having been tried, for there was no room. */
  undone(): void {
    this.#trialRunning = false;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#lastCode = "";
    this.#lastReason = "";
    this.#trialRunning = false;
  }

  failed(error: RollyardError, nowMs: number): void {
    this.#failures += 1;
    this.#lastCode = error.code;
    this.#lastReason = reasonOf(error);
    this.#trialRunning = false;
    const doublings = Math.max(0, this.#failures - OPEN_AFTER);
    this.#closedUntilMs = nowMs + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** doublings);
  }

  state(): BreakerState {
    const isOpen = this.#failures >= OPEN_AFTER;
    const open = this.#trialRunning ? "trial" : "open";
    return {
      state: isOpen ? open : "closed",
      consecutiveFailures: this.#failures,
      lastCode: this.#lastCode,
      lastReason: this.#lastReason,
    };
  }
}

function reasonOf({ message, details }: RollyardError): string {
  const facts = Object.entries(details).map(([key, value]) => `${key} ${value}`);
  return facts.length === 0 ? message : `${message} (${facts.join(", ")})`;
}
