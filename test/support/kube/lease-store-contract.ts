import { expect, it } from "vitest";
import type { LeaseRecord, LeaseStore } from "../../../src/kube/leader/lease.ts";

const RECORD: LeaseRecord = {
  holder: "a",
  durationSeconds: 15,
  acquireTime: "2026-01-01T00:00:00.000000Z",
  renewTime: "2026-01-01T00:00:00.000000Z",
  transitions: 0,
};

/** What a lease store has to do; each case gets one that is empty. */
export function leaseStoreContract(create: () => LeaseStore): void {
  it("has nothing at first, and keeps what was written", async () => {
    const store = create();
    expect(await store.read()).toBeNull();
    const written = await store.write(RECORD, null);
    expect(written?.record).toEqual(RECORD);
    expect(await store.read()).toEqual(written);
  });

  it("lets only one of two make the first lease", async () => {
    const store = create();
    const written = await Promise.all([
      store.write(RECORD, null),
      store.write({ ...RECORD, holder: "b" }, null),
    ]);
    expect(written.filter((each) => each !== null)).toHaveLength(1);
  });

  it("refuses a write over a version that is no longer the present one", async () => {
    const store = create();
    const first = await store.write(RECORD, null);
    const second = await store.write({ ...RECORD, holder: "b", transitions: 1 }, first?.version ?? "");
    expect(second?.version).not.toBe(first?.version);
    expect(await store.write({ ...RECORD, holder: "c" }, first?.version ?? "")).toBeNull();
    expect((await store.read())?.record.holder).toBe("b");
  });

  it("keeps a lease that was given back", async () => {
    const store = create();
    const first = await store.write(RECORD, null);
    await store.write({ ...RECORD, holder: "", durationSeconds: 1 }, first?.version ?? "");
    expect((await store.read())?.record).toMatchObject({ holder: "", durationSeconds: 1 });
  });
}
