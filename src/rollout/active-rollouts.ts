import type { WorkDelivery } from "../bus/port.ts";
import type { AttemptRef } from "./attempt-ref.ts";

/** A rollout that this process drives, with the delivery to beat and to ack. */
export interface ActiveRollout {
  readonly ref: AttemptRef;
  readonly abort: AbortController;
  readonly delivery: WorkDelivery;
}

/** The rollouts that a worker drives, by attempt. */
export class ActiveRollouts {
  readonly #byKey = new Map<string, { ref: AttemptRef; abort: AbortController; delivery: WorkDelivery }>();
  #idleWaiters: (() => void)[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  all(): Iterable<ActiveRollout> {
    return this.#byKey.values();
  }

  /** Takes a newer delivery of an attempt that is driven here; false when it is not. */
  swap(key: string, delivery: WorkDelivery): boolean {
    const rollout = this.#byKey.get(key);
    if (rollout === undefined) return false;
    rollout.delivery = delivery;
    return true;
  }

  add(key: string, ref: AttemptRef, delivery: WorkDelivery): ActiveRollout {
    const rollout = { ref, abort: new AbortController(), delivery };
    this.#byKey.set(key, rollout);
    return rollout;
  }

  remove(key: string): void {
    this.#byKey.delete(key);
    if (this.#byKey.size > 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  /** Resolves when nothing is driven. */
  idle(): Promise<void> {
    if (this.#byKey.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }
}
