/** What a request takes at least: with all that is made of it, a small one is larger than its body. */
const LEAST_BYTES = 4 * 1024;

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Room for the bodies of requests that are answered at once, in bytes. A gateway holds some copies of each body until its answer is
 * sent, so that hundreds of large ones at once would end it; those that find no room wait, unread, in the order in which they came.
 */
export class BodyRoom {
  readonly #bytes: number;
  #taken = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Bytes of the bodies that are held. */
  get taken(): number {
    return this.#taken;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for room. A body larger than all of it waits for all of it. Resolves with how to give it back, safe to repeat, or with
   * null once the signal aborts.
   */
  take(bodyBytes: number, signal: AbortSignal): Promise<(() => void) | null> {
    const bytes = Math.min(Math.max(bodyBytes, LEAST_BYTES), this.#bytes);
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting.delete(request);
        resolve(null);
        this.#admit();
      };
      const request: Waiting = {
        bytes,
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          resolve(this.#begin(bytes));
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(request);
      this.#admit();
    });
  }

  #begin(bytes: number): () => void {
    this.#taken += bytes;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#taken -= bytes;
      this.#admit();
    };
  }

  /** Nobody overtakes: a large body would wait for ever behind small ones. */
  #admit(): void {
    for (const next of this.#waiting) {
      if (this.#taken + next.bytes > this.#bytes) return;
      this.#waiting.delete(next);
      next.enter();
    }
  }
}
