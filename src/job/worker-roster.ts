import type { RepeatedDelivery } from "../bus/delivery-table.ts";
import type { Clock } from "../lib/clock.ts";

/** A worker that has not announced its slots for this long does not count, and is forgotten. */
const HEARD_OF_MS = 30_000;

/** What a worker last said of itself. */
export interface WorkerSlots {
  readonly worker: string;
  readonly slots: number;
  readonly free: number;
  /** Origins of the model endpoints that throttle it. */
  readonly throttledEndpoints: readonly string[];
  /** What it drives and was given more than once. */
  readonly repeatedWork: readonly RepeatedDelivery[];
}

/** The workers that were heard of lately. Those that vanished are forgotten: over a long job many may come and go. */
export class WorkerRoster {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** The one that was heard of longest ago comes first. */
  readonly #heard = new Map<string, { readonly said: WorkerSlots; readonly atMs: number }>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** A worker said what it has. */
  hear(said: WorkerSlots): void {
    this.#forget();
    this.#heard.delete(said.worker);
    this.#heard.set(said.worker, { said, atMs: this.#clock.monotonicMs() });
  }

  all(): readonly WorkerSlots[] {
    this.#forget();
    return [...this.#heard.values()].map(({ said }) => said);
  }

  /** Slots of all of them; null while there is none. */
  slots(): number | null {
    const workers = this.all();
    return workers.length === 0 ? null : workers.reduce((sum, { slots }) => sum + slots, 0);
  }

  #forget(): void {
    const sinceMs = this.#clock.monotonicMs() - HEARD_OF_MS;
    for (const [worker, { atMs }] of this.#heard) {
      if (atMs >= sinceMs) return;
      this.#heard.delete(worker);
    }
  }
}
