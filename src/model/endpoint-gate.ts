import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { afterRefusal, afterSuccess, isThrottled, mayGo, openPressure } from "./backpressure.ts";
import type { Pressure } from "./backpressure.ts";
import type { NoAnswer } from "./try-outcome.ts";

/** What a gate needs from outside. */
export interface GateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly maxConcurrency: number;
}

/** How the endpoint took a request, as far as its load goes. */
export type PassResult =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly retryAfterMs: number | null }
  /** Failed otherwise: says nothing about load. */
  | { readonly kind: "failed" };

/** What an outcome says of the endpoint's load. */
export function passResult(outcome: NoAnswer | { readonly kind: "answered" | "body" }): PassResult {
  if (outcome.kind === "refused") return { kind: "refused", retryAfterMs: outcome.retryAfterMs };
  return outcome.kind === "failed" ? { kind: "failed" } : { kind: "taken" };
}

/** The right to send one request; must be ended exactly once. */
export interface GatePass {
  end(result: PassResult): void;
}

/** How an endpoint stands with this process. */
export interface EndpointState {
  readonly isThrottled: boolean;
  /** Most requests at once. */
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Nothing is sent for this long. */
  readonly pausedMs: number;
}

interface Waiter {
  readonly ticket: number;
  readonly enter: () => void;
}

/**
 * The one door of this process to an endpoint: every job's calls go through it, first come first served, as many at
 * once as the endpoint bears. A refused call keeps its place: it comes back with the ticket that it had.
 */
export class EndpointGate {
  readonly #options: GateOptions;
  readonly #waiters: Waiter[] = [];
  #pressure: Pressure;
  #inFlight = 0;
  #nextTicket = 0;
  #pauseTimer: AbortController | null = null;
  #wasThrottled = false;
  #wasReached = false;
  #wasGivenUp = false;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#pressure = openPressure(options.maxConcurrency);
  }

  /** Whether the endpoint throttles us now. */
  get isThrottled(): boolean {
    return isThrottled(this.#pressure, this.#options.clock.monotonicMs());
  }

  /**
   * Whether nothing ever got through, and a call has spent its tries on that already: the address is wrong, not the
   * moment, and the calls that come after need not find it out anew.
   */
  get isUnknown(): boolean {
    return this.#wasGivenUp && !this.#wasReached;
  }

  /** A call has spent its tries without reaching anything. */
  giveUp(): void {
    this.#wasGivenUp = true;
  }

  /** How the endpoint stands with us now. */
  state(): EndpointState {
    const { limit, pausedUntilMs } = this.#pressure;
    return {
      isThrottled: this.isThrottled,
      limit: Math.max(1, Math.floor(limit)),
      inFlight: this.#inFlight,
      waiting: this.#waiters.length,
      pausedMs: Math.max(0, pausedUntilMs - this.#options.clock.monotonicMs()),
    };
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** A place in the line; one call keeps its ticket over all its tries. */
  takeTicket(): number {
    this.#nextTicket += 1;
    return this.#nextTicket;
  }

  /** Waits for room. Rejects with the signal's reason when it aborts. */
  async enter(ticket: number, signal?: AbortSignal): Promise<GatePass> {
    signal?.throwIfAborted();
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#waiters.length > 0 || !this.#mayGo(nowMs)) await this.#wait(ticket, nowMs, signal);
    else this.#inFlight += 1;
    return this.#pass();
  }

  #mayGo(nowMs: number): boolean {
    return mayGo(this.#pressure, this.#inFlight, nowMs);
  }

  #wait(ticket: number, nowMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        if (this.#waiters.length === 0) this.#pauseTimer?.abort();
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        ticket,
        enter: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#queue(waiter);
      this.#wakeAfterPause(nowMs);
    });
  }

  /** By ticket. A new call goes to the end at once; one that comes back is old, so its place is near the front. */
  #queue(waiter: Waiter): void {
    const last = this.#waiters.at(-1);
    if (last === undefined || last.ticket < waiter.ticket) {
      this.#waiters.push(waiter);
      return;
    }
    const place = this.#waiters.findIndex((other) => other.ticket > waiter.ticket);
    this.#waiters.splice(place, 0, waiter);
  }

  #pass(): GatePass {
    const sentAtMs = this.#options.clock.monotonicMs();
    return { end: (result) => this.#end(result, sentAtMs) };
  }

  #end(result: PassResult, sentAtMs: number): void {
    if (result.kind === "refused") this.#refused(sentAtMs, result.retryAfterMs);
    if (result.kind !== "failed") this.#wasReached = true;
    if (result.kind === "taken") {
      this.#pressure = afterSuccess(this.#pressure, this.#options.maxConcurrency);
    }
    this.#inFlight -= 1;
    this.#admit();
    this.#logTransition();
  }

  #refused(sentAtMs: number, retryAfterMs: number | null): void {
    this.#pressure = afterRefusal(this.#pressure, {
      nowMs: this.#options.clock.monotonicMs(),
      sentAtMs,
      inFlight: this.#inFlight,
      retryAfterMs,
      random: this.#options.random(),
    });
  }

  #admit(): void {
    const nowMs = this.#options.clock.monotonicMs();
    while (this.#waiters.length > 0 && this.#mayGo(nowMs)) {
      this.#inFlight += 1;
      this.#waiters.shift()?.enter();
    }
    this.#wakeAfterPause(nowMs);
  }

  /**
   * One timer at a time; a pause that grew meanwhile sets the next. It ends with the last waiter. `nowMs` is the time at
   * which nobody was let in: were the clock read again, a pause that ends in between would leave its waiters to nobody.
   */
  #wakeAfterPause(nowMs: number): void {
    const { clock } = this.#options;
    const waitMs = this.#pressure.pausedUntilMs - nowMs;
    if (this.#pauseTimer !== null || this.#waiters.length === 0 || waitMs <= 0) return;
    const timer = new AbortController();
    this.#pauseTimer = timer;
    void clock.sleep(waitMs, timer.signal).then(() => {
      this.#pauseTimer = null;
      this.#admit();
    });
  }

  #logTransition(): void {
    const isThrottledNow = this.isThrottled;
    if (isThrottledNow === this.#wasThrottled) return;
    this.#wasThrottled = isThrottledNow;
    const { logger } = this.#options;
    const fields = { limit: Math.floor(this.#pressure.limit), waiting: this.#waiters.length };
    if (isThrottledNow) logger.warn("model endpoint throttles", fields);
    else logger.info("model endpoint throttles no more", fields);
  }
}
