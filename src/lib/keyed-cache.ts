/** Keeps one pending or ready value for each key; a failure is not kept, so the next asking tries again. */
export class KeyedCache<T> {
  readonly #values = new Map<string, Promise<T>>();
  readonly #capacity: number;

  /** Beyond `capacity` keys the oldest is forgotten. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The next asking makes it anew. */
  forget(key: string): void {
    this.#values.delete(key);
  }

  /** The key's value, made at most once at a time. Rejects as `make` does. */
  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#values.set(key, made);
    made.catch(() => this.#values.delete(key));
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#capacity && oldest !== undefined) this.#values.delete(oldest);
    return made;
  }
}
