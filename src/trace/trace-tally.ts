import type { FailureClass } from "../errors/failure-class.ts";
import type { OutcomeSummary } from "../job/outcome-summary.ts";
import { rolloutToken } from "../bus/subjects.ts";

/** How the traces of an environment stand. */
export interface TraceCounts {
  readonly live: number;
  readonly graded: number;
  readonly failed: number;
  /** Failed ones by class; classes without any are absent. */
  readonly failures: Readonly<Partial<Record<FailureClass, number>>>;
  /** Of graded ones; null without any. */
  readonly rewardMean: number | null;
}

/** The accounting of an environment's traces, from the headers of their logs and outcomes. Feeding the same twice changes nothing. */
export class TraceTally {
  /** When a live trace's last message was stored (milliseconds since the Unix epoch), by token. */
  readonly #live = new Map<string, number>();
  /** When an ended trace's outcome was stored, by token; in the order of their ends. */
  readonly #ended = new Map<string, number>();
  readonly #failures = new Map<FailureClass, number>();
  /** Whose score the trainer has, by token. */
  readonly #delivered = new Set<string>();
  /** Graded ones that are none of these, by token. */
  readonly #undelivered = new Set<string>();
  /** Of those that are forgotten. */
  #neverDelivered = 0;
  #graded = 0;
  #rewards = 0;

  /** A message of a trace's log. */
  heard(token: string, storedAtMs: number): void {
    if (!this.#ended.has(token)) this.#live.set(token, Math.max(storedAtMs, this.#live.get(token) ?? 0));
  }

  /** The trainer got the score of a trace. */
  delivered(token: string): void {
    this.#delivered.add(token);
    this.#undelivered.delete(token);
  }

  /** An outcome; false for one that was counted before. */
  ended({ place, end, storedAtMs }: OutcomeSummary): boolean {
    const token = rolloutToken(place);
    if (this.#ended.has(token)) return false;
    this.#live.delete(token);
    this.#ended.set(token, storedAtMs);
    if (end.kind === "graded") {
      this.#graded += 1;
      this.#rewards += end.reward;
      if (!this.#delivered.has(token)) this.#undelivered.add(token);
    } else this.#failures.set(end.failureClass, (this.#failures.get(end.failureClass) ?? 0) + 1);
    return true;
  }

  hasEnded(token: string): boolean {
    return this.#ended.has(token);
  }

  /** Every trace that is known. */
  get tokens(): readonly string[] {
    return [...this.#live.keys(), ...this.#ended.keys()];
  }

  /** Its records are gone. */
  forget(token: string): void {
    this.#live.delete(token);
    this.#ended.delete(token);
    this.#delivered.delete(token);
    if (this.#undelivered.delete(token)) this.#neverDelivered += 1;
  }

  /** Live traces of which nothing was stored since. */
  silentSince(atMs: number): readonly string[] {
    return Array.from(this.#live).flatMap(([token, storedAtMs]) => (storedAtMs < atMs ? [token] : []));
  }

  /** Traces that ended before. */
  endedBefore(atMs: number): readonly string[] {
    const tokens: string[] = [];
    for (const [token, storedAtMs] of this.#ended) {
      if (storedAtMs >= atMs) break;
      tokens.push(token);
    }
    return tokens;
  }

  /** Graded ones whose score the trainer never got, as far as is known. */
  get undelivered(): number {
    return this.#undelivered.size + this.#neverDelivered;
  }

  get counts(): TraceCounts {
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
    return {
      live: this.#live.size,
      graded: this.#graded,
      failed,
      failures: Object.fromEntries(this.#failures),
      rewardMean: this.#graded === 0 ? null : this.#rewards / this.#graded,
    };
  }
}
