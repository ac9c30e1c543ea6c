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
 * Says how many sandboxes may be started now: a rate (a bucket that holds one second's worth), and a breaker that
 * opens after five failed starts in a row and then lets one trial through at growing intervals.
 * Times are monotonic milliseconds given by the caller.
 */
export class StartGate {
  readonly #perSecond: number;
  #tokens: number;
  #filledAtMs: number;
  #failures = 0;
  #lastCode = "";
  #lastReason = "";
  #closedUntilMs = 0;
  #trialRunning = false;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledAtMs = nowMs;
  }

  /** Whole starts allowed now. */
  allowance(nowMs: number): number {
    this.#fill(nowMs);
    const tokens = Math.floor(this.#tokens);
    if (this.#failures < OPEN_AFTER) return tokens;
    return nowMs < this.#closedUntilMs || this.#trialRunning ? 0 : Math.min(1, tokens);
  }

  /** Counts a start that begins. Returns whether it is a trial of an open breaker. */
  begin(nowMs: number): boolean {
    this.#fill(nowMs);
    this.#tokens -= 1;
    this.#trialRunning = this.#failures >= OPEN_AFTER;
    return this.#trialRunning;
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

  breaker(): BreakerState {
    const isOpen = this.#failures >= OPEN_AFTER;
    const open = this.#trialRunning ? "trial" : "open";
    return {
      state: isOpen ? open : "closed",
      consecutiveFailures: this.#failures,
      lastCode: this.#lastCode,
      lastReason: this.#lastReason,
    };
  }

  #fill(nowMs: number): void {
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + earned);
    this.#filledAtMs = nowMs;
  }
}

function reasonOf({ message, details }: RollyardError): string {
  const facts = Object.entries(details).map(([key, value]) => `${key} ${value}`);
  return facts.length === 0 ? message : `${message} (${facts.join(", ")})`;
}
