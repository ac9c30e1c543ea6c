import type { RolloutSubjectParts } from "../bus/subjects.ts";
import type { Clock } from "../lib/clock.ts";
import { Wakeup } from "../lib/wakeup.ts";
import type { OutcomeNotices, OutcomeWatch } from "./outcome-notices.ts";

/** Waits between two looks once an outcome was sent, or where nobody would say so. */
const SOON_MS = [1, 2, 4, 8, 16, 32, 64, 125, 250] as const;
/** The same while one would be heard of: notices are seldom lost. */
const SELDOM_MS = [100, 250] as const;

/** Paces the looks of one who waits for an outcome: soon after a notice, else now and then. To be stopped. */
export class OutcomeLookout {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #watch: OutcomeWatch;
  readonly #due = new Wakeup();
  readonly #onAbort = (): void => this.#due.wake();
  #hasHeard = false;
  /** Since the last notice. */
  #looks = 0;

  /** No pause goes on once the signal has aborted. */
  constructor(
    notices: Pick<OutcomeNotices, "watch">,
    parts: RolloutSubjectParts,
    { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  ) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
    this.#watch = notices.watch(parts, () => {
      this.#hasHeard = true;
      this.#looks = 0;
      this.#due.wake();
    });
  }

  /** Resolves when it is time to look again. */
  async pause(): Promise<void> {
    if (this.#signal.aborted) return;
    const delays = this.#hasHeard || !this.#watch.isHearing ? SOON_MS : SELDOM_MS;
    const delayMs = delays[Math.min(this.#looks, delays.length - 1)] ?? 250;
    this.#looks += 1;
    await this.#due.wait(this.#clock, delayMs);
  }

  stop(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#watch.stop();
  }
}
