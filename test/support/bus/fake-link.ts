import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { Clock } from "../../../src/lib/clock.ts";

/** A connection's state. */
export type LinkStatus = "connected" | "disconnected";

/** Nothing a dead process waits for ever comes. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** One client's connection to the fake: up, cut, closed, or gone with its process. */
export class FakeLink {
  readonly #clock: Clock;
  readonly #handlers = new Set<(status: LinkStatus) => void>();
  #session = new AbortController();
  #isConnected = true;
  #isClosed = false;
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Aborts when this connection is cut. */
  get session(): AbortSignal {
    return this.#session.signal;
  }

  onStatus(handler: (status: LinkStatus) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  cut(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#session.abort();
    this.#tell("disconnected");
  }

  restore(): void {
    if (this.#isConnected || this.#isClosed) return;
    this.#isConnected = true;
    this.#session = new AbortController();
    this.#tell("connected");
  }

  close(): void {
    this.#isClosed = true;
    this.cut();
    this.#tell("disconnected");
  }

  die(): void {
    this.#isDead = true;
    this.close();
  }

  /** The value, unless the process is gone by then. */
  async alive<T>(work: Promise<T>): Promise<T> {
    try {
      const value = await work;
      return this.#isDead ? await never<T>() : value;
    } catch (error) {
      if (this.#isDead) return never<T>();
      throw error;
    }
  }

  /** True once connected, false when the time is over, the signal aborts or the client is closed. */
  async whenConnected(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#isConnected || this.#isClosed || signal?.aborted === true) return this.#isConnected;
    const wait = new AbortController();
    const wake = (): void => wait.abort(null);
    const off = this.onStatus(wake);
    signal?.addEventListener("abort", wake, { once: true });
    await this.#clock.sleep(timeoutMs, wait.signal);
    signal?.removeEventListener("abort", wake);
    off();
    return this.isConnected;
  }

  /** The answer, or undefined when the time is over or this connection is cut before. */
  async before<T>(answer: Promise<T>, timeoutMs: number): Promise<T | undefined> {
    const done = new AbortController();
    const end = (): void => done.abort(null);
    const { session } = this;
    let result: { readonly value: T } | { readonly error: unknown } | undefined;
    session.addEventListener("abort", end, { once: true });
    answer.then(
      (value) => {
        result ??= { value };
        end();
      },
      (error: unknown) => {
        result ??= { error };
        end();
      },
    );
    if (!session.aborted) await this.#clock.sleep(timeoutMs, done.signal);
    session.removeEventListener("abort", end);
    return settled(result);
  }

  #tell(status: LinkStatus): void {
    for (const handler of Array.from(this.#handlers)) handler(status);
  }
}

function settled<T>(result: { readonly value: T } | { readonly error: unknown } | undefined): T | undefined {
  if (result === undefined) return undefined;
  if ("error" in result) throw result.error;
  return result.value;
}

/** What a read rejects with when nobody answers. */
export function unanswered(): RollyardError {
  return new RollyardError("bus_unavailable");
}
