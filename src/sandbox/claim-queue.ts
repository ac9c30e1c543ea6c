import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Purpose } from "./purpose.ts";
import type { FailureRecord } from "../rollout/state.ts";
import type { WaitingClaim } from "./broker-plan.ts";

/** A claim between its first asking and its sandbox. */
export interface QueuedClaim extends WaitingClaim {
  readonly ref: AttemptRef;
  readonly purpose: Purpose;
  readonly generation: number;
  readonly firstAskedMs: number;
  lastAskedMs: number;
  /** A sandbox is being leased to it just now. */
  assigning: boolean;
  /** Set when it ended without a sandbox; the next asking takes it away. */
  failure: FailureRecord | null;
}

/** What is known of a claim when it is asked first. */
export type NewClaim = Pick<QueuedClaim, "key" | "ref" | "purpose" | "generation" | "pool">;

// A claimant asks every few seconds; one that has not for this long is gone.
const FORGOTTEN_AFTER_MS = 30_000;

/** The claims that wait, in order of arrival. A claim keeps its place from one asking to the next. */
export class ClaimQueue {
  readonly #claims = new Map<string, QueuedClaim>();
  readonly #wakers = new Map<string, Set<() => void>>();
  #arrivals = 0;

  get(key: string): QueuedClaim | undefined {
    return this.#claims.get(key);
  }

  /** Finds the claim's place, or gives it one at the end. */
  enter(claim: NewClaim, nowMs: number): QueuedClaim {
    const known = this.#claims.get(claim.key);
    if (known !== undefined && known.ref.attempt === claim.ref.attempt) {
      known.lastAskedMs = nowMs;
      return known;
    }
    this.#arrivals += 1;
    const queued: QueuedClaim = {
      ...claim,
      jobUid: claim.ref.jobUid,
      order: this.#arrivals,
      firstAskedMs: nowMs,
      lastAskedMs: nowMs,
      assigning: false,
      failure: null,
    };
    this.#claims.set(claim.key, queued);
    return queued;
  }

  /** Takes a claim out, unless another attempt has its place by now. */
  remove(claim: QueuedClaim): void {
    if (this.#claims.get(claim.key) === claim) this.#claims.delete(claim.key);
  }

  /** Those that a plan may serve, in order of arrival. */
  waiting(): readonly QueuedClaim[] {
    return [...this.#claims.values()].filter(waits);
  }

  /** All of a job. */
  of(jobUid: string): readonly QueuedClaim[] {
    return [...this.#claims.values()].filter((claim) => claim.jobUid === jobUid);
  }

  /** Whether one of them waits for that pool. */
  isAwaited(pool: string): boolean {
    for (const claim of this.#claims.values()) if (claim.pool === pool && waits(claim)) return true;
    return false;
  }

  /** Forgets claims that nobody has asked for in a while. */
  forgetSilent(nowMs: number): void {
    for (const claim of this.#claims.values())
      if (!claim.assigning && nowMs - claim.lastAskedMs > FORGOTTEN_AFTER_MS) this.remove(claim);
  }

  /** Calls back at the next {@link wake} of the key; returns how to stop waiting. */
  onWake(key: string, waker: () => void): () => void {
    const wakers = this.#wakers.get(key) ?? new Set();
    this.#wakers.set(key, wakers.add(waker));
    return () => {
      wakers.delete(waker);
      if (wakers.size === 0 && this.#wakers.get(key) === wakers) this.#wakers.delete(key);
    };
  }

  /** Lets everyone who waits for the key look again. */
  wake(key: string): void {
    const wakers = this.#wakers.get(key);
    this.#wakers.delete(key);
    for (const waker of wakers ?? []) waker();
  }

  /** Lets everyone look again. */
  wakeAll(): void {
    for (const key of Array.from(this.#wakers.keys())) this.wake(key);
  }
}

function waits({ assigning, failure }: QueuedClaim): boolean {
  return !assigning && failure === null;
}
