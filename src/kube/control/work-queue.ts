import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { Wakeup } from "../../lib/wakeup.ts";
import { toRollyardError } from "../../errors/rollyard-error.ts";
import { backoffMs } from "./backoff.ts";
import type { BackoffBounds } from "./backoff.ts";

/** What a handler wants next for its key: nothing, or to be asked again after a while without any change. */
export type HandlerEnd = { readonly againAfterMs: number } | void;

/** Looks at one key and acts. A rejection means: again, after a pause that grows. */
export type Handler = (key: string) => Promise<HandlerEnd>;

/** What a queue needs, and what may be watched of it. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For logs and metrics; one of a closed set. */
  readonly name: string;
  readonly backoff?: BackoffBounds;
  readonly observer?: WorkQueueObserver;
}

/** Hears of the queue's life, for metrics. Times are milliseconds. */
export interface WorkQueueObserver {
  waited(queuedMs: number): void;
  worked(durationMs: number, hasFailed: boolean): void;
}

const BACKOFF: BackoffBounds = { firstMs: 20, longestMs: 60_000 };
const IDLE_MS = 3_600_000;

/**
 * Keys that have to be looked at. A key is in it once, however often it is added, and never worked on twice at a time:
 * one that is added while it is worked on comes again afterwards. Failures are tried again by key, each time later.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #wakeup = new Wakeup();
  /** Keys that can begin, in the order of their adding, with the time of it. */
  readonly #ready = new Map<string, number>();
  readonly #later = new Map<string, number>();
  /** No key of {@link #later} is due before this time. */
  #nextDueMs = Number.POSITIVE_INFINITY;
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait to begin, without those that wait for a time. */
  get depth(): number {
    return this.#ready.size;
  }

  /** The key has to be looked at now. */
  add(key: string): void {
    this.#later.delete(key);
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (!this.#ready.has(key)) this.#ready.set(key, this.#options.clock.monotonicMs());
    this.#wakeup.wake();
  }

  /** The key has to be looked at after a while at the latest; an earlier time that is set stays. */
  addAfter(key: string, delayMs: number): void {
    if (delayMs <= 0) return this.add(key);
    if (this.#ready.has(key)) return;
    const dueMs = this.#options.clock.monotonicMs() + delayMs;
    this.#later.set(key, Math.min(dueMs, this.#later.get(key) ?? Number.POSITIVE_INFINITY));
    this.#nextDueMs = Math.min(dueMs, this.#nextDueMs);
    this.#wakeup.wake();
  }

  /** Forgets that a key is to be looked at, as for an object that is gone. */
  drop(key: string): void {
    this.#ready.delete(key);
    this.#later.delete(key);
    this.#again.delete(key);
    this.#failures.delete(key);
  }

  /** Works until the signal aborts; resolves when nothing is worked on any more. */
  async run(handler: Handler, concurrency: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const onAbort = (): void => this.#wakeup.wake();
    signal.addEventListener("abort", onAbort, { once: true });
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      this.#promote();
      const next = running.size < concurrency ? this.#take() : null;
      if (next === null) {
        await this.#wakeup.wait(clock, this.#untilNextMs());
        continue;
      }
      const work: Promise<void> = this.#work(next, handler).finally(() => {
        running.delete(work);
        this.#wakeup.wake();
      });
      running.add(work);
    }
    signal.removeEventListener("abort", onAbort);
    await Promise.all(running);
  }

  /** Makes ready what has come due; looks at the waiting keys only when one can be. */
  #promote(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#nextDueMs) return;
    const due = [...this.#later].filter(([, dueMs]) => dueMs <= nowMs);
    for (const [key] of due.toSorted(([, left], [, right]) => left - right)) this.add(key);
    this.#nextDueMs = Number.POSITIVE_INFINITY;
    for (const dueMs of this.#later.values()) this.#nextDueMs = Math.min(dueMs, this.#nextDueMs);
  }

  #take(): string | null {
    for (const [key, sinceMs] of this.#ready) {
      this.#ready.delete(key);
      this.#working.add(key);
      this.#options.observer?.waited(this.#options.clock.monotonicMs() - sinceMs);
      return key;
    }
    return null;
  }

  #untilNextMs(): number {
    return Math.max(0, Math.min(IDLE_MS, this.#nextDueMs - this.#options.clock.monotonicMs()));
  }

  async #work(key: string, handler: Handler): Promise<void> {
    const { clock, observer } = this.#options;
    const startedMs = clock.monotonicMs();
    const delayMs = await this.#delayAfter(key, handler);
    observer?.worked(clock.monotonicMs() - startedMs, this.#failures.has(key));
    this.#working.delete(key);
    if (this.#again.delete(key) && !this.#failures.has(key)) this.add(key);
    else if (delayMs !== null) this.addAfter(key, delayMs);
  }

  /** Runs the handler; resolves with the pause before the key comes again, or null. */
  async #delayAfter(key: string, handler: Handler): Promise<number | null> {
    try {
      const end = await handler(key);
      this.#failures.delete(key);
      return end?.againAfterMs ?? null;
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const { name, logger, backoff = BACKOFF } = this.#options;
      logger.warn("work on a key failed and is tried again", {
        queue: name,
        key,
        code: toRollyardError(error).code,
        failures,
      });
      return backoffMs(failures, backoff);
    }
  }
}
