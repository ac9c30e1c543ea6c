import type { Clock } from "../../../src/lib/clock.ts";
import type { RunFolder } from "./run-folder.ts";

/** The most of a session's time that its kill may take from what its deadline counts. */
const NOTE_EVERY_MS = 60_000;

/**
 * Seconds that a run has run, over all its sessions; the time between two sessions is none of them. They are noted in the
 * run's folder each minute, so that a session that is killed counts too.
 */
export class RunSeconds {
  readonly #folder: Pick<RunFolder, "state" | "save">;
  readonly #clock: Clock;
  readonly #beganMs: number;
  readonly #over = new AbortController();
  readonly #noting: Promise<void>;

  /** Begins to count. */
  constructor(folder: Pick<RunFolder, "state" | "save">, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
    this.#noting = this.#note();
  }

  /** As of now. */
  total(): number {
    return this.#folder.state.earlierSeconds + (this.#clock.monotonicMs() - this.#beganMs) / 1000;
  }

  /** Notes nothing more. To be awaited before the folder's state is saved by anyone else. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#noting;
  }

  async #note(): Promise<void> {
    const { signal } = this.#over;
    for (;;) {
      await this.#clock.sleep(NOTE_EVERY_MS, signal);
      if (signal.aborted) return;
      const { state } = this.#folder;
      // On a full disk the note is lost; the run ends for that by itself.
      await this.#folder
        .save({ ...state, stopped: null, earlierSeconds: this.total() })
        .catch(() => undefined);
    }
  }
}
