/** What a request takes at least: with all that is made of it, a small one is larger than its body. */
const LEAST_BYTES = 4 * 1024;

/** Who asks for room, and for how much. */
export interface RoomFor {
  /** Nobody has more than half of the room, so that one owner's requests never keep out all others'. */
  readonly owner: string;
  /** Of the body. */
  readonly bytes: number;
}

interface Waiting extends RoomFor {
  readonly enter: () => void;
}

/**
 * Room for the bodies of requests that are answered at once, in bytes. A gateway holds some copies of each body until its answer is
 * sent, so that hundreds of large ones at once would end it; those that find no room wait, unread, in the order in which they came.
 * Half of it is for one owner at most.
 */
export class BodyRoom {
  readonly #bytes: number;
  #taken = 0;
  readonly #byOwner = new Map<string, number>();
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
   * Waits for room. A body larger than an owner's half waits for all of that. Resolves with how to give it back, safe to repeat, or with
   * null once the signal aborts.
   */
  take(asked: RoomFor, signal: AbortSignal): Promise<(() => void) | null> {
    const { owner } = asked;
    const bytes = Math.min(Math.max(asked.bytes, LEAST_BYTES), this.#most);
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting.delete(request);
        resolve(null);
        this.#admit();
      };
      const request: Waiting = {
        owner,
        bytes,
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          resolve(this.#begin(request));
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(request);
      this.#admit();
    });
  }

  get #most(): number {
    return this.#bytes / 2;
  }

  #begin({ owner, bytes }: RoomFor): () => void {
    this.#add(owner, bytes);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#add(owner, -bytes);
      this.#admit();
    };
  }

  #add(owner: string, bytes: number): void {
    this.#taken += bytes;
    const taken = (this.#byOwner.get(owner) ?? 0) + bytes;
    if (taken === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, taken);
  }

  /** Nobody overtakes but those of other owners than who has all that it may: a large body would wait for ever behind small ones. */
  #admit(): void {
    const held = new Set<string>();
    for (const next of this.#waiting) {
      if (held.has(next.owner)) continue;
      if ((this.#byOwner.get(next.owner) ?? 0) + next.bytes > this.#most) {
        held.add(next.owner);
        continue;
      }
      if (this.#taken + next.bytes > this.#bytes) return;
      this.#waiting.delete(next);
      next.enter();
    }
  }
}
