import type { LogStore } from "../bus/port.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { outcomeSummary } from "../job/outcome-summary.ts";

/** Some 3 MB; a claim of an attempt that has ended comes within minutes, if at all. */
const KEPT = 20_000;

/**
 * Which attempts may have no sandbox any more. Only the latest releases are kept, or a broker would grow by each rollout
 * that it ever served; of what is forgotten the outcomes tell. An attempt that was released, forgotten and has no outcome
 * yet could get a sandbox once more; the outcome then releases that too.
 */
export class ReleasedAttempts {
  readonly #store: Pick<LogStore, "read">;
  readonly #kept: number;
  /** Highest attempt by claim key, the latest release last. */
  readonly #attempts = new Map<string, number>();
  #hasForgotten = false;

  constructor(store: Pick<LogStore, "read">, kept = KEPT) {
    this.#store = store;
    this.#kept = kept;
  }

  add(key: string, attempt: number): void {
    const highest = Math.max(attempt, this.#attempts.get(key) ?? 0);
    this.#attempts.delete(key);
    this.#attempts.set(key, highest);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size <= this.#kept || oldest === undefined) return;
    this.#attempts.delete(oldest);
    this.#hasForgotten = true;
  }

  /** Whether the attempt, or a later one, is among the latest releases. */
  has(key: string, attempt: number): boolean {
    return attempt <= (this.#attempts.get(key) ?? -1);
  }

  /** Whether the attempt's release was forgotten, by the outcomes on record. Throws `bus_unavailable`. */
  async wasForgotten(key: string, ref: AttemptRef): Promise<boolean> {
    // A trace of a hosted trainer has no job, and no outcome under one.
    if (!this.#hasForgotten || this.has(key, ref.attempt) || ref.jobUid === "") return false;
    const chain = await this.#store.read("outcomes", outcomesSubject(ref));
    return chain.some((message) => (outcomeSummary(message)?.attempt ?? -1) >= ref.attempt);
  }
}
