import type { Clock } from "../../lib/clock.ts";

interface Expected {
  /** Names of objects whose creation we asked for. Null until it was answered, then the time of the answer. */
  readonly creations: Map<string, number | null>;
  /** Uids of objects whose deletion we asked for. */
  readonly deletions: Map<string, number | null>;
  sinceMs: number;
}

/** After this time a cache that still lacks what we wrote is believed. */
const TIMEOUT_MS = 300_000;

/**
 * What an owner has asked the API server to create and delete and has not yet seen in its cache. While something is
 * outstanding the cache is too old to count by: whoever counts anyway creates twice. Note what you will do before you do it.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #owners = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the owner's cache shows all that it did, or has had time enough. */
  isMet(owner: string): boolean {
    const expected = this.#owners.get(owner);
    if (expected === undefined) return true;
    if (this.#clock.monotonicMs() - expected.sinceMs < TIMEOUT_MS) return false;
    this.#owners.delete(owner);
    return true;
  }

  /** Before the writes: objects of these names will be created, and objects of these uids deleted. */
  note(owner: string, { creations = [], deletions = [] }: Intents): void {
    if (creations.length + deletions.length === 0) return;
    const expected = this.#owners.get(owner) ?? { creations: new Map(), deletions: new Map(), sinceMs: 0 };
    expected.sinceMs = this.#clock.monotonicMs();
    for (const name of creations) expected.creations.set(name, null);
    for (const uid of deletions) expected.deletions.set(uid, null);
    this.#owners.set(owner, expected);
  }

  /** The API server has done it: from now on a list can show it. */
  answered(owner: string, nameOrUid: string): void {
    const expected = this.#owners.get(owner);
    const nowMs = this.#clock.monotonicMs();
    if (expected?.creations.has(nameOrUid) === true) expected.creations.set(nameOrUid, nowMs);
    if (expected?.deletions.has(nameOrUid) === true) expected.deletions.set(nameOrUid, nowMs);
  }

  /** The write has failed, or the cache shows an object of that name. */
  sawCreation(owner: string, name: string): void {
    this.#settle(owner, (expected) => expected.creations.delete(name));
  }

  /** The deletion has failed, or the cache shows that the object is gone or going. */
  sawDeletion(owner: string, uid: string): void {
    this.#settle(owner, (expected) => expected.deletions.delete(uid));
  }

  /**
   * The cache was listed anew by a list that began at this monotonic time: what was answered before is in it, or has come
   * and gone. Otherwise a lost event would stop an owner until the timeout.
   */
  listed(startedAtMs: number): void {
    for (const [owner, { creations, deletions }] of this.#owners) {
      removeAnswered(creations, startedAtMs);
      removeAnswered(deletions, startedAtMs);
      this.#settle(owner, () => undefined);
    }
  }

  /** The owner is gone. */
  forget(owner: string): void {
    this.#owners.delete(owner);
  }

  #settle(owner: string, change: (expected: Expected) => unknown): void {
    const expected = this.#owners.get(owner);
    if (expected === undefined) return;
    change(expected);
    if (expected.creations.size + expected.deletions.size === 0) this.#owners.delete(owner);
  }
}

/** What an owner is about to do. */
export interface Intents {
  readonly creations?: readonly string[];
  readonly deletions?: readonly string[];
}

function removeAnswered(outstanding: Map<string, number | null>, untilMs: number): void {
  for (const [name, atMs] of outstanding) if (atMs !== null && atMs <= untilMs) outstanding.delete(name);
}
