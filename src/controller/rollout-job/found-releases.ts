import type { ReleaseRef } from "../../sandbox/broker-options.ts";

/** Releases at a time: a leader that begins finds those of all outcomes, and has more to do. */
const BATCH = 200;

/** Frees sandboxes in small batches, in the order in which they were told, between everything else. */
export class FoundReleases {
  readonly #release: (environmentUid: string, ref: ReleaseRef) => void;
  #waiting: (readonly [environmentUid: string, ref: ReleaseRef])[] = [];
  #isDue = false;

  constructor(release: (environmentUid: string, ref: ReleaseRef) => void) {
    this.#release = release;
  }

  add(environmentUid: string, ref: ReleaseRef): void {
    this.#waiting.push([environmentUid, ref]);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      const batch = this.#waiting.splice(0, BATCH);
      for (const [environmentUid, ref] of batch) this.#release(environmentUid, ref);
      this.#schedule();
    });
  }
}
