import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fairOrder, planBroker } from "./broker-plan.ts";
import type { BrokerView, PoolView, WaitingClaim } from "./broker-plan.ts";
import type { Purpose } from "./purpose.ts";

const claim = (order: number, jobUid = "a", purpose: Purpose = "agent"): WaitingClaim => ({
  key: `${jobUid}${order}`,
  order,
  jobUid,
  purpose,
  pool: purpose,
});
const pool = (purpose: Purpose, fields: Partial<PoolView> = {}): PoolView => ({
  key: purpose,
  purpose,
  ready: 0,
  starting: 0,
  warm: 0,
  startAllowance: Number.POSITIVE_INFINITY,
  ...fields,
});
const starts = (seen: BrokerView): Readonly<Record<string, number>> =>
  Object.fromEntries(planBroker(seen).start);
const view = (fields: Partial<BrokerView>): BrokerView => ({
  waiting: [],
  pools: [pool("agent"), pool("grade")],
  heldByJob: new Map(),
  live: 0,
  maxStarting: 10,
  maxSandboxes: 100,
  startAllowance: 10,
  ...fields,
});

describe("planBroker", () => {
  it("gives ready sandboxes to the claims that came first", () => {
    const pools = [pool("agent", { ready: 2 }), pool("grade")];
    const plan = planBroker(view({ waiting: [claim(3), claim(1), claim(2)], pools }));
    expect(plan.assign).toEqual(["a1", "a2"]);
    expect([...plan.start]).toEqual([["agent", 1]]);
  });

  it("lets the job that holds the fewest go first", () => {
    const waiting = [claim(1), claim(2), claim(3, "b")];
    const chosen = fairOrder(waiting, new Map([["a", 5]]), 2);
    expect(chosen.map(({ key }) => key)).toEqual(["b3", "a1"]);
  });

  it("takes turns between jobs that hold the same", () => {
    const waiting = [claim(1), claim(2), claim(3), claim(4, "b"), claim(5, "b")];
    expect(fairOrder(waiting, new Map(), 4).map(({ key }) => key)).toEqual(["a1", "b4", "a2", "b5"]);
  });

  it("starts for grade claims before it starts for agents", () => {
    const waiting = [claim(1), claim(2), claim(3, "a", "grade")];
    expect(starts(view({ waiting, startAllowance: 2 }))).toEqual({ agent: 1, grade: 1 });
    expect(starts(view({ waiting, startAllowance: 1 }))).toEqual({ grade: 1 });
  });

  it("keeps warm sandboxes beside those that are waited for, and counts what is starting", () => {
    const pools = [pool("agent", { ready: 1, starting: 2, warm: 4 })];
    expect(starts(view({ waiting: [claim(1)], pools }))).toEqual({ agent: 2 });
  });

  it("gives each claim a sandbox of its own template only", () => {
    const own = { ...claim(1), pool: "dedicated" };
    const pools = [pool("agent", { ready: 1 }), pool("agent", { key: "dedicated" })];
    const plan = planBroker(view({ waiting: [own, claim(2)], pools }));
    expect(plan.assign).toEqual(["a2"]);
    expect([...plan.start]).toEqual([["dedicated", 1]]);
  });

  it("lets no template whose breaker is open keep starts from the others", () => {
    const broken = [claim(1), claim(2)].map((each) => ({ ...each, pool: "broken" }));
    const pools = [pool("agent"), pool("agent", { key: "broken", startAllowance: 0 })];
    expect(starts(view({ waiting: [...broken, claim(3)], pools, startAllowance: 1 }))).toEqual({ agent: 1 });
  });

  it("never passes a cap, and never gives one sandbox or one claim away twice", () => {
    const counts = fc.nat({ max: 20 });
    const seenPool = (purpose: Purpose) =>
      fc
        .record({ ready: counts, starting: counts, warm: counts, startAllowance: counts })
        .map((fields) => pool(purpose, fields));
    const purposes = fc.constantFrom<Purpose>("agent", "grade");
    const claims = fc
      .array(fc.tuple(fc.constantFrom("a", "b", "c"), purposes))
      .map((rows) => rows.map(([job, purpose], index) => claim(index, job, purpose)));
    const views = fc.record({
      waiting: claims,
      pools: fc.tuple(seenPool("agent"), seenPool("grade")),
      heldByJob: fc.constant(new Map([["b", 3]])),
      live: counts,
      maxStarting: counts,
      maxSandboxes: fc.nat({ max: 60 }),
      startAllowance: counts,
    });
    fc.assert(
      fc.property(views, (seen) => {
        const plan = planBroker(seen);
        const started = [...plan.start.values()].reduce((sum, count) => sum + count, 0);
        const starting = seen.pools.reduce((sum, each) => sum + each.starting, 0);
        expect(started).toBeLessThanOrEqual(seen.startAllowance);
        expect(starting + started).toBeLessThanOrEqual(Math.max(starting, seen.maxStarting));
        expect(seen.live + started).toBeLessThanOrEqual(Math.max(seen.live, seen.maxSandboxes));
        expect(new Set(plan.assign).size).toBe(plan.assign.length);
        const waiting = new Map(seen.waiting.map((each) => [each.key, each.purpose]));
        for (const { key: purpose, ready, startAllowance } of seen.pools) {
          expect(plan.start.get(purpose) ?? 0).toBeLessThanOrEqual(startAllowance);
          const given = plan.assign.filter((key) => waiting.get(key) === purpose).length;
          const wanted = [...waiting.values()].filter((each) => each === purpose).length;
          expect(given).toBe(Math.min(ready, wanted));
        }
      }),
    );
  });
});
