import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fairOrder, planBroker } from "./broker-plan.ts";
import type { BrokerView, WaitingClaim } from "./broker-plan.ts";
import type { Purpose } from "./purpose.ts";

const claim = (order: number, jobUid = "a", purpose: Purpose = "agent"): WaitingClaim => ({
  key: `${jobUid}${order}`,
  order,
  jobUid,
  purpose,
});
const empty = { ready: 0, starting: 0, warm: 0 };
const view = (fields: Partial<BrokerView>): BrokerView => ({
  waiting: [],
  pools: { agent: empty, grade: empty },
  heldByJob: new Map(),
  live: 0,
  maxStarting: 10,
  maxSandboxes: 100,
  startAllowance: 10,
  ...fields,
});

describe("planBroker", () => {
  it("gives ready sandboxes to the claims that came first", () => {
    const pools = { agent: { ...empty, ready: 2 }, grade: empty };
    const plan = planBroker(view({ waiting: [claim(3), claim(1), claim(2)], pools }));
    expect(plan).toEqual({ assign: ["a1", "a2"], start: { agent: 1, grade: 0 } });
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
    expect(planBroker(view({ waiting, startAllowance: 2 })).start).toEqual({ agent: 1, grade: 1 });
    expect(planBroker(view({ waiting, startAllowance: 1 })).start).toEqual({ agent: 0, grade: 1 });
  });

  it("keeps warm sandboxes beside those that are waited for, and counts what is starting", () => {
    const pools = { agent: { ready: 1, starting: 2, warm: 4 }, grade: empty };
    expect(planBroker(view({ waiting: [claim(1)], pools })).start.agent).toBe(2);
  });

  it("never passes a cap, and never gives one sandbox or one claim away twice", () => {
    const counts = fc.nat({ max: 20 });
    const pool = fc.record({ ready: counts, starting: counts, warm: counts });
    const purposes = fc.constantFrom<Purpose>("agent", "grade");
    const claims = fc
      .array(fc.tuple(fc.constantFrom("a", "b", "c"), purposes))
      .map((rows) => rows.map(([job, purpose], index) => claim(index, job, purpose)));
    const views = fc.record({
      waiting: claims,
      pools: fc.record({ agent: pool, grade: pool }),
      heldByJob: fc.constant(new Map([["b", 3]])),
      live: counts,
      maxStarting: counts,
      maxSandboxes: fc.nat({ max: 60 }),
      startAllowance: counts,
    });
    fc.assert(
      fc.property(views, (seen) => {
        const plan = planBroker(seen);
        const started = plan.start.agent + plan.start.grade;
        const starting = seen.pools.agent.starting + seen.pools.grade.starting;
        expect(started).toBeLessThanOrEqual(seen.startAllowance);
        expect(starting + started).toBeLessThanOrEqual(Math.max(starting, seen.maxStarting));
        expect(seen.live + started).toBeLessThanOrEqual(Math.max(seen.live, seen.maxSandboxes));
        expect(new Set(plan.assign).size).toBe(plan.assign.length);
        const waiting = new Map(seen.waiting.map((each) => [each.key, each.purpose]));
        for (const purpose of ["agent", "grade"] as const) {
          const given = plan.assign.filter((key) => waiting.get(key) === purpose).length;
          const wanted = [...waiting.values()].filter((each) => each === purpose).length;
          expect(given).toBe(Math.min(seen.pools[purpose].ready, wanted));
        }
      }),
    );
  });
});
