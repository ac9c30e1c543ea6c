import { describe, expect, it } from "vitest";
import { leaseStoreContract } from "../../../test/support/kube/lease-store-contract.ts";
import { MemoryLeaseStore } from "../../../test/support/kube/memory-lease-store.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { LeaderElector } from "./leader-elector.ts";
import type { Leadership } from "./leader-elector.ts";
import type { LeaseRecord, LeaseStore } from "./lease.ts";

/** A candidate's view of the store, which can be cut off from it. */
class CutLeaseStore implements LeaseStore {
  isCut = false;
  reads = 0;
  /** Lets calls fail after a while only. */
  hang: (() => Promise<void>) | null = null;
  readonly #inner: LeaseStore;
  constructor(inner: LeaseStore) {
    this.#inner = inner;
  }
  async read() {
    this.reads += 1;
    await this.#check();
    return this.#inner.read();
  }
  async write(record: LeaseRecord, over: string | null) {
    await this.#check();
    return this.#inner.write(record, over);
  }
  async #check(): Promise<void> {
    await this.hang?.();
    if (this.isCut) throw new Error("cut off");
  }
}

const NOBODY: LeaseRecord = {
  holder: "",
  durationSeconds: 1,
  acquireTime: "",
  renewTime: "",
  transitions: 0,
};

function world() {
  const clock = new VirtualClock();
  const startMs = clock.nowMs();
  const shared = new MemoryLeaseStore();
  const log: string[] = [];
  const leaderships = new Map<string, Leadership>();
  const note = (text: string): void => void log.push(`${text}@${clock.nowMs() - startMs}`);
  const candidate = (identity: string) => {
    const store = new CutLeaseStore(shared);
    const end = new AbortController();
    const elector = new LeaderElector({ store, identity, clock, logger: silentLogger, random: () => 0 });
    const done = elector.run(async (leadership) => {
      leaderships.set(identity, leadership);
      note(`+${identity}`);
      await clock.sleep(Number.MAX_SAFE_INTEGER, leadership.signal);
      note(`-${identity}`);
    }, end.signal);
    return { store, end, done };
  };
  const pass = (forMs: number): Promise<void> => clock.run(clock.sleep(forMs), forMs + 1);
  return { clock, shared, log, candidate, pass, leaderships };
}

describe("MemoryLeaseStore", () => {
  leaseStoreContract(() => new MemoryLeaseStore());
});

describe("LeaderElector", () => {
  it("lets one of several lead, for as long as it renews", async () => {
    const { log, candidate, pass } = world();
    candidate("a");
    candidate("b");
    await pass(600_000);
    expect(log).toEqual(["+a@0"]);
  });

  it("renews by one call, and looks again only when that was refused", async () => {
    const { shared, log, candidate, pass } = world();
    const a = candidate("a");
    await pass(60_000);
    expect(a.store.reads).toBe(1);
    const stored = await shared.read();
    // Somebody touches the lease: it is still ours, as another version.
    await shared.write({ ...(stored?.record ?? NOBODY) }, stored?.version ?? null);
    await pass(60_000);
    expect(a.store.reads).toBe(2);
    expect(log).toEqual(["+a@0"]);
  });

  it("hands over at once when the leader is told to end", async () => {
    const { log, candidate, pass } = world();
    const a = candidate("a");
    candidate("b");
    await pass(5000);
    a.end.abort();
    await pass(5000);
    expect(log).toEqual(["+a@0", "-a@5000", "+b@6000"]);
  });

  it("ends the old leader before another can begin when it can't renew", async () => {
    const { log, candidate, pass, leaderships } = world();
    const a = candidate("a");
    candidate("b");
    await pass(3000);
    a.store.isCut = true;
    await pass(60_000);
    expect(log).toEqual(["+a@0", "-a@12000", "+b@18000"]);
    expect(leaderships.get("a")?.isCurrent()).toBe(false);
    expect(leaderships.get("b")?.isCurrent()).toBe(true);
  });

  it("ends the old leader in time also when its calls hang", async () => {
    const { clock, log, candidate, pass } = world();
    const a = candidate("a");
    candidate("b");
    await pass(3000);
    a.store.isCut = true;
    a.store.hang = () => clock.sleep(30_000);
    await pass(60_000);
    expect(log).toEqual(["+a@0", "-a@12000", "+b@18000"]);
  });

  it("goes on leading through an outage that is shorter than the deadline", async () => {
    const { shared, log, candidate, pass } = world();
    candidate("a");
    candidate("b");
    await pass(3000);
    shared.isDown = true;
    await pass(6000);
    shared.isDown = false;
    await pass(100_000);
    expect(log).toEqual(["+a@0"]);
  });

  it("leads again after an outage that was longer", async () => {
    const { shared, log, candidate, pass } = world();
    candidate("a");
    await pass(3000);
    shared.isDown = true;
    await pass(30_000);
    shared.isDown = false;
    await pass(10_000);
    expect(log[0]).toBe("+a@0");
    expect(log[1]).toMatch(/^-a@/);
    expect(log[2]).toMatch(/^\+a@/);
    expect(log).toHaveLength(3);
  });

  it("knows by its own clock that a lease which it could not renew no longer counts", async () => {
    const { candidate, pass, leaderships, clock } = world();
    candidate("a");
    await pass(3000);
    const before = leaderships.get("a");
    expect(before?.isCurrent()).toBe(true);
    // As a process that was stopped sees it: time has passed, and no timer has run yet.
    const stopped = clock.monotonicMs.bind(clock);
    clock.monotonicMs = () => stopped() + 60_000;
    expect(before?.isCurrent()).toBe(false);
  });

  it("gives the lease back and says so when the leader's work fails", async () => {
    const { clock, shared } = world();
    const options = { store: shared, identity: "a", clock, logger: silentLogger, random: () => 0 };
    const run = new LeaderElector(options).run(async () => {
      throw new Error("a bug");
    }, new AbortController().signal);
    await expect(clock.run(run, 60_000)).rejects.toThrow("a bug");
    expect((await shared.read())?.record.holder).toBe("");
  });

  it("has nothing left to do once it has ended", async () => {
    const { candidate, pass, clock, shared } = world();
    const a = candidate("a");
    await pass(100);
    a.end.abort();
    await clock.run(a.done, 1000);
    expect((await shared.read())?.record.holder).toBe("");
  });
});
