import { describe, expect, it } from "vitest";
import type { StoredLease } from "./lease.ts";
import { planLease, releasedRecord } from "./lease-plan.ts";

const HOUR_MS = 3_600_000;
const held = (holder: string): StoredLease => ({
  version: "5",
  record: {
    holder,
    durationSeconds: 15,
    acquireTime: "",
    renewTime: "2020-01-01T00:00:00.000000Z",
    transitions: 3,
  },
});
const me = (nowMs: number) => ({ identity: "me", durationSeconds: 15, nowMs, wallMs: Date.UTC(2026, 0, 1) });
const seenAt = (atMs: number) => ({ version: "5", atMs });

describe("planLease", () => {
  it("makes the first lease", () => {
    expect(planLease(null, seenAt(0), me(0))).toEqual({
      kind: "take",
      over: null,
      record: {
        holder: "me",
        durationSeconds: 15,
        acquireTime: "2026-01-01T00:00:00.000000Z",
        renewTime: "2026-01-01T00:00:00.000000Z",
        transitions: 0,
      },
    });
  });

  it("waits for another holder until its lease has not changed for its whole duration, by our clock", () => {
    expect(planLease(held("other"), seenAt(0), me(14_999))).toEqual({ kind: "wait" });
    expect(planLease(held("other"), seenAt(0), me(15_000))).toMatchObject({
      kind: "take",
      over: "5",
      record: { holder: "me", transitions: 4 },
    });
  });

  it("gives nothing on the times in the lease: a holder whose clock is years behind is not given up", () => {
    expect(planLease(held("other"), seenAt(HOUR_MS), me(HOUR_MS + 1000))).toEqual({ kind: "wait" });
  });

  it("takes at once what was given back", () => {
    const released = { version: "6", record: releasedRecord(held("other").record, 0) };
    expect(planLease(released, seenAt(0), me(1))).toMatchObject({ kind: "take", record: { transitions: 4 } });
  });

  it("renews its own without counting a change of holder", () => {
    const plan = planLease(held("me"), seenAt(0), me(HOUR_MS));
    expect(plan).toMatchObject({
      kind: "take",
      over: "5",
      record: { holder: "me", transitions: 3, acquireTime: "" },
    });
  });
});
