import type { Clock } from "./clock.ts";

/** What is kept of an answer, and for how long. */
export interface Kept<T> {
  readonly value: T;
  readonly keepMs: number;
}

interface Entry<T> {
  readonly made: Promise<Kept<T>>;
  /** Infinity while it is being made. */
  untilMs: number;
}

/** Keeps a bounded number of answers, each for the time that it says, and asks once for those who ask at once. */
export class ExpiringCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacity: number;
  readonly #clock: Pick<Clock, "monotonicMs">;

  /** Beyond `capacity` keys the one that was made first is forgotten. */
  constructor(capacity: number, clock: Pick<Clock, "monotonicMs">) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  /** The key's value, made again when its time is over. Rejects as `make` does; a failure is not kept. */
  async get(key: string, make: () => Promise<Kept<T>>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && this.#clock.monotonicMs() < known.untilMs) return (await known.made).value;
    const entry: Entry<T> = { made: make(), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#makeRoom();
    try {
      const { value, keepMs } = await entry.made;
      entry.untilMs = this.#clock.monotonicMs() + keepMs;
      return value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  #makeRoom(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#capacity) return;
      this.#entries.delete(key);
    }
  }
}
