import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fairShare } from "./fair-share.ts";
import type { SharedLimits, SharingJob } from "./fair-share.ts";

const limits = (slots: number | null, more: Partial<SharedLimits> = {}): SharedLimits => ({
  slots,
  namespaces: new Map(),
  endpoints: new Map(),
  ...more,
});

const job = (key: string, more: Partial<SharingJob> = {}): SharingJob => ({
  key,
  namespace: "team",
  priority: 0,
  endpoint: "http://model",
  active: 0,
  wanted: 1000,
  ...more,
});

const shares = (jobs: readonly SharingJob[], given: SharedLimits): Record<string, number> =>
  Object.fromEntries(fairShare(jobs, given));

describe("fairShare", () => {
  it("gives a job that is alone its slots, and a fifth more to wait", () => {
    expect(shares([job("a")], limits(100))).toEqual({ a: 120 });
  });

  it("gives nothing while no worker was heard of", () => {
    expect(shares([job("a")], limits(null))).toEqual({});
  });

  it("gives nothing while every slot is taken, so that nothing waits in the stream", () => {
    expect(shares([job("huge", { active: 100 }), job("small")], limits(100))).toEqual({});
  });

  it("gives the next free slot to the small job that has come beside a huge one", () => {
    expect(shares([job("huge", { active: 99 }), job("small")], limits(100))).toEqual({ small: 1 });
  });

  it("shares equally among jobs of one priority, whatever they want", () => {
    expect(shares([job("a"), job("b"), job("c", { wanted: 2 })], limits(10))).toEqual({ a: 5, b: 5, c: 2 });
  });

  it("lets the higher priority go first in its own namespace only", () => {
    const jobs = [
      job("low"),
      job("high", { priority: 5, wanted: 8 }),
      job("other", { namespace: "others", priority: -5 }),
    ];
    expect(shares(jobs, limits(20))).toEqual({ high: 8, low: 4, other: 12 });
  });

  it("shares among namespaces by weight, however many jobs each has", () => {
    const namespaces = new Map([["big", { weight: 3, maxActive: Infinity }]]);
    const jobs = [job("a", { namespace: "big" }), job("b"), job("c"), job("d")];
    expect(shares(jobs, limits(50, { namespaces }))).toEqual({ a: 45, b: 5, c: 5, d: 5 });
  });

  it("stops a namespace at its most, and gives the rest to others", () => {
    const namespaces = new Map([["team", { weight: 10, maxActive: 7 }]]);
    const jobs = [job("a", { active: 3 }), job("b", { namespace: "others" })];
    expect(shares(jobs, limits(103, { namespaces }))).toEqual({ a: 4, b: 116 });
  });

  it("stops all jobs of one model endpoint at its most together", () => {
    const endpoints = new Map([["http://small", 10]]);
    const jobs = [
      job("a", { endpoint: "http://small", active: 2 }),
      job("b", { endpoint: "http://small", namespace: "others" }),
      job("c", { wanted: 5 }),
    ];
    expect(shares(jobs, limits(100, { endpoints }))).toEqual({ a: 2, b: 6, c: 5 });
  });
});

const jobsArbitrary = fc.uniqueArray(
  fc.record({
    key: fc.integer({ min: 0, max: 30 }).map((index) => `job-${index}`),
    namespace: fc.constantFrom("a", "b", "c"),
    priority: fc.integer({ min: -1, max: 1 }),
    endpoint: fc.constantFrom("http://x", "http://y"),
    active: fc.nat(40),
    wanted: fc.nat(40),
  }),
  { selector: ({ key }) => key, maxLength: 12 },
);

const limitsArbitrary: fc.Arbitrary<SharedLimits> = fc.record({
  slots: fc.option(fc.nat(200)),
  namespaces: fc
    .dictionary(
      fc.constantFrom("a", "b"),
      fc.record({ weight: fc.integer({ min: 1, max: 5 }), maxActive: fc.nat(80) }),
    )
    .map((entries) => new Map(Object.entries(entries))),
  endpoints: fc
    .dictionary(fc.constantFrom("http://x"), fc.nat(80))
    .map((entries) => new Map(Object.entries(entries))),
});

const weightOf = (namespace: string, { namespaces }: SharedLimits): number =>
  namespaces.get(namespace)?.weight ?? 1;

/** A job after its share, and whether it may use one more. */
function afterwards(jobs: readonly SharingJob[], given: SharedLimits) {
  const granted = fairShare(jobs, given);
  const sum = (of: (job: SharingJob) => boolean): number =>
    jobs.filter(of).reduce((total, { key, active }) => total + active + (granted.get(key) ?? 0), 0);
  const isFree = ({ key, namespace, endpoint, wanted }: SharingJob): boolean =>
    (granted.get(key) ?? 0) < wanted &&
    sum((other) => other.namespace === namespace) <
      (given.namespaces.get(namespace)?.maxActive ?? Infinity) &&
    sum((other) => other.endpoint === endpoint) < (given.endpoints.get(endpoint) ?? Infinity);
  return { granted, sum, isFree, of: (key: string) => granted.get(key) ?? 0 };
}

describe("any share", () => {
  it("stays within what is wanted, and lets no limit be passed by what it gives", () => {
    fc.assert(
      fc.property(jobsArbitrary, limitsArbitrary, (jobs, given) => {
        const { granted, sum, of } = afterwards(jobs, given);
        for (const each of jobs) expect(of(each.key)).toBeLessThanOrEqual(each.wanted);
        for (const { key, namespace, endpoint } of jobs.filter((each) => granted.has(each.key))) {
          expect(of(key)).toBeGreaterThan(0);
          const most = given.namespaces.get(namespace)?.maxActive ?? Infinity;
          expect(sum((other) => other.namespace === namespace)).toBeLessThanOrEqual(most);
          expect(sum((other) => other.endpoint === endpoint)).toBeLessThanOrEqual(
            given.endpoints.get(endpoint) ?? Infinity,
          );
        }
      }),
    );
  });

  it("never lets more wait than 1.2 for a free slot", () => {
    fc.assert(
      fc.property(jobsArbitrary, limitsArbitrary, (jobs, given) => {
        const { granted } = afterwards(jobs, given);
        const active = jobs.reduce((total, each) => total + each.active, 0);
        const free = Math.max(0, (given.slots ?? 0) - active);
        const shared = [...granted.values()].reduce((total, share) => total + share, 0);
        expect(shared).toBeLessThanOrEqual(1.2 * free);
      }),
    );
  });

  it("leaves no slot free that someone could use", () => {
    fc.assert(
      fc.property(jobsArbitrary, limitsArbitrary, (jobs, given) => {
        const { sum, isFree } = afterwards(jobs, given);
        if (!jobs.some(isFree)) return;
        expect(sum(() => true)).toBeGreaterThanOrEqual(given.slots ?? 0);
      }),
    );
  });

  it("gives nothing to a namespace while another that could use it has less for its weight", () => {
    fc.assert(
      fc.property(jobsArbitrary, limitsArbitrary, (jobs, given) => {
        const { granted, sum, isFree } = afterwards(jobs, given);
        const load = (namespace: string, less = 0): number =>
          (sum((other) => other.namespace === namespace) - less) / weightOf(namespace, given);
        const fed = new Set(jobs.filter(({ key }) => granted.has(key)).map(({ namespace }) => namespace));
        const hungry = new Set(jobs.filter(isFree).map(({ namespace }) => namespace));
        for (const one of fed)
          for (const other of hungry) {
            expect(one === other || load(one, 1) <= load(other)).toBe(true);
          }
      }),
    );
  });

  it("gives nothing to a job while one of its namespace that could use it has a higher priority, or as high a one and less", () => {
    fc.assert(
      fc.property(jobsArbitrary, limitsArbitrary, (jobs, given) => {
        const { granted, isFree, of } = afterwards(jobs, given);
        const fed = jobs.filter(({ key }) => granted.has(key));
        for (const one of fed)
          for (const other of jobs.filter(isFree)) {
            if (one === other || one.namespace !== other.namespace) continue;
            expect(other.priority).toBeLessThanOrEqual(one.priority);
            if (other.priority < one.priority) continue;
            expect(one.active + of(one.key) - 1).toBeLessThanOrEqual(other.active + of(other.key));
          }
      }),
    );
  });
});
