/** Attempts whose tries are kept at the most: those of long ago are forgotten. */
const MAX_KEPT = 10_000;

/**
 * How often this process could not drive an attempt. Deliveries don't say it: an outage, a drain, another worker's death
 * count there as well.
 */
export class BrokenTries {
  readonly #byKey = new Map<string, number>();

  /** It broke once more; how often by now. */
  count(key: string): number {
    const times = (this.#byKey.get(key) ?? 0) + 1;
    this.#byKey.delete(key);
    this.#byKey.set(key, times);
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= MAX_KEPT) break;
      this.#byKey.delete(oldest);
    }
    return times;
  }

  /** It was driven, or is done with. */
  forget(key: string): void {
    this.#byKey.delete(key);
  }
}
