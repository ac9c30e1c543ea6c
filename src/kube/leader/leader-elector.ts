import { RollyardError } from "../../errors/rollyard-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { LeaseStore, StoredLease } from "./lease.ts";
import { planLease, releasedRecord } from "./lease-plan.ts";
import type { Candidate, LeaseSighting } from "./lease-plan.ts";

/** What a leader is given for as long as it leads. */
export interface Leadership {
  /** Aborts when the lease is lost or the process is to end. */
  readonly signal: AbortSignal;
  /** Whether this process leads on: not after it was told to end. */
  isCurrent(): boolean;
  /**
   * Whether the lease still counts by our own clock, also while the process hands over: to be asked before each write
   * that only a leader may do.
   */
  holdsLease(): boolean;
}

/** Who wants to lead, and by which lease. */
export interface LeaderElectorOptions {
  readonly store: LeaseStore;
  /** Different for every process, also for two of one pod. */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The times of client-go: https://pkg.go.dev/k8s.io/client-go/tools/leaderelection */
const DURATION_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2000;

/**
 * Leads when its lease allows. Leases are no fence: a process that was stopped and goes on does not know at once that
 * another one leads, so every write of a leader has to be harmless when it comes twice or too late.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  #seen: LeaseSighting = { version: "", atMs: Number.NEGATIVE_INFINITY };
  /** What we wrote last. As long as it stands nobody else holds the lease, so it is renewed by one call, without a look. */
  #own: StoredLease | null = null;
  /** Monotonic time before the last write that made or kept us the leader. */
  #heldSinceMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
  }

  /**
   * Competes until the signal aborts; `lead` is run each time that we lead and must end when its signal aborts.
   * Rejects, after the lease was given back, when `lead` does.
   */
  async run(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryHold()) await this.#lead(lead, signal);
      else await this.#pause(signal);
    }
  }

  async #lead(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, identity, logger } = this.#options;
    const end = new AbortController();
    const onAbort = (): void => end.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) end.abort();
    logger.info("this process leads", { identity });
    const holdsLease = (): boolean => clock.monotonicMs() - this.#heldSinceMs < DURATION_SECONDS * 1000;
    const leadership = {
      signal: end.signal,
      isCurrent: () => !end.signal.aborted && holdsLease(),
      holdsLease,
    };
    const leading = lead(leadership).finally(() => end.abort());
    // It is awaited further down, when its lease is no longer renewed.
    leading.catch(() => undefined);
    await Promise.all([this.#renewUntil(end), this.#endInTime(end)]);
    try {
      await leading;
    } finally {
      signal.removeEventListener("abort", onAbort);
      logger.info("this process no longer leads", { identity });
      await this.#release();
    }
  }

  /** Ends the leadership at the deadline, also while a call hangs: the next leader does not wait for our call. */
  async #endInTime(end: AbortController): Promise<void> {
    const { clock, logger } = this.#options;
    while (!end.signal.aborted) {
      const leftMs = this.#heldSinceMs + RENEW_DEADLINE_MS - clock.monotonicMs();
      if (leftMs > 0) await clock.sleep(leftMs, end.signal);
      else {
        logger.warn("the leader's lease could not be renewed in time");
        end.abort();
      }
    }
  }

  async #renewUntil(end: AbortController): Promise<void> {
    const { logger } = this.#options;
    while (!end.signal.aborted) {
      await this.#pause(end.signal);
      if (end.signal.aborted) return;
      if ((await this.#tryHold()) !== false) continue;
      logger.warn("the leader's lease was taken by another");
      end.abort();
    }
  }

  /** Takes or renews the lease. False: someone else holds it. Null: the API server can't be asked. */
  async #tryHold(): Promise<boolean | null> {
    const { store, clock, logger } = this.#options;
    const beforeMs = clock.monotonicMs();
    try {
      const stored = this.#own ?? (await store.read());
      // Of a write that fails or is refused nobody knows what stands now.
      this.#own = null;
      this.#look(stored);
      const plan = planLease(stored, this.#seen, this.#candidate());
      if (plan.kind === "wait") return false;
      const written = await store.write(plan.record, plan.over);
      this.#look(written);
      // Who was faster is seen by the next look.
      if (written === null) return null;
      this.#own = written;
      this.#heldSinceMs = beforeMs;
      return true;
    } catch (error) {
      const code = error instanceof RollyardError ? error.code : "internal";
      logger.warn("the leader's lease can't be read or written", { code });
      return null;
    }
  }

  #candidate(): Candidate {
    const { identity, clock } = this.#options;
    return { identity, durationSeconds: DURATION_SECONDS, nowMs: clock.monotonicMs(), wallMs: clock.nowMs() };
  }

  #look(stored: StoredLease | null): void {
    if (stored === null || stored.version === this.#seen.version) return;
    this.#seen = { version: stored.version, atMs: this.#options.clock.monotonicMs() };
  }

  async #release(): Promise<void> {
    const { store, identity, clock } = this.#options;
    try {
      const stored = await store.read();
      if (stored?.record.holder !== identity) return;
      await store.write(releasedRecord(stored.record, clock.nowMs()), stored.version);
    } catch {
      // It ends by itself; the next leader only waits longer.
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    await clock.sleep(RETRY_MS * (1 + random() / 5), signal);
  }
}
