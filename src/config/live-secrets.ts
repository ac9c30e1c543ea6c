import type { Clock } from "../lib/clock.ts";
import { sharedRun } from "../lib/shared-run.ts";
import type { SecretStore } from "./secret-store.ts";

/** Age at which secrets are read anew. */
const FRESH_MS = 60_000;
/** A call does not wait longer for other secrets than those that were refused. */
const PATIENCE_MS = 10_000;

/**
 * The secrets that a service's part of a snapshot names, as they are now: whoever rotates one, and lets the old one live for
 * a minute, disturbs nobody.
 */
export class LiveSecrets {
  readonly #clock: Clock;
  readonly #refresh: () => Promise<void>;
  #store: SecretStore;
  #readAtMs: number;

  private constructor(store: SecretStore, read: () => Promise<SecretStore>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#readAtMs = clock.monotonicMs();
    this.#refresh = sharedRun(async () => {
      const startedMs = this.#clock.monotonicMs();
      this.#store = await read();
      this.#readAtMs = startedMs;
    });
  }

  /** Reads them for the first time; rejects as `read` does. */
  static async open(read: () => Promise<SecretStore>, clock: Clock): Promise<LiveSecrets> {
    return new LiveSecrets(await read(), read, clock);
  }

  get current(): SecretStore {
    return this.#store;
  }

  /** They are about to be used: old ones are read anew meanwhile. */
  touch(): void {
    if (this.#clock.monotonicMs() - this.#readAtMs >= FRESH_MS) void this.#readAnew();
  }

  /** One of them was refused; resolves once they were read anew, once for all who ask meanwhile, or after a while. */
  async refused(): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.#readAnew(), this.#clock.sleep(PATIENCE_MS, over.signal)]);
    over.abort();
  }

  /** Those that are here stay when no others are to be had. */
  async #readAnew(): Promise<void> {
    if (this.#store.names().length > 0) await this.#refresh().catch(() => undefined);
  }
}
