import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterRefusal, afterSuccess, isThrottled, mayGo, openPressure } from "./backpressure.ts";
import type { Pressure, Refusal } from "./backpressure.ts";

const MAX = 512;
const refusal = (fields: Partial<Refusal> = {}): Refusal => ({
  nowMs: 1000,
  sentAtMs: 900,
  inFlight: 200,
  retryAfterMs: null,
  random: 1,
  ...fields,
});

describe("adaptive concurrency", () => {
  it("is wide open to an endpoint that never refused", () => {
    const open = openPressure(MAX);
    expect(mayGo(open, MAX - 1, 0)).toBe(true);
    expect(mayGo(open, MAX, 0)).toBe(false);
    expect(isThrottled(open, 0)).toBe(false);
  });

  it("halves what was under way and pauses everybody for Retry-After", () => {
    const after = afterRefusal(openPressure(MAX), refusal({ retryAfterMs: 7000 }));
    expect(after.limit).toBe(100);
    expect(mayGo(after, 0, 7999)).toBe(false);
    expect(mayGo(after, 0, 8000)).toBe(true);
    expect(mayGo(after, 100, 8000)).toBe(false);
  });

  it("takes the refusals of one burst for one", () => {
    const first = afterRefusal(openPressure(MAX), refusal());
    const second = afterRefusal(first, refusal({ nowMs: 1010, inFlight: 199 }));
    expect(second.limit).toBe(first.limit);
    expect(second.pausedUntilMs).toBe(first.pausedUntilMs);
    const later = afterRefusal(second, refusal({ nowMs: 5000, sentAtMs: 4000, inFlight: 100 }));
    expect(later.limit).toBe(50);
  });

  it("pauses longer with each round of refusals, up to a minute, and a Retry-After up to two", () => {
    let pressure = openPressure(MAX);
    const pauses = Array.from({ length: 10 }, (_, round) => {
      const nowMs = 1_000_000 * (round + 1);
      pressure = afterRefusal(pressure, refusal({ nowMs, sentAtMs: nowMs - 1 }));
      return pressure.pausedUntilMs - nowMs;
    });
    expect(pauses.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(pauses.at(-1)).toBe(60_000);
    const long = afterRefusal(openPressure(MAX), refusal({ retryAfterMs: 86_400_000 }));
    expect(long.pausedUntilMs).toBe(121_000);
  });

  it("stops counting as throttling ten seconds after the last refusal", () => {
    const after = afterRefusal(openPressure(MAX), refusal());
    expect(isThrottled(after, 10_999)).toBe(true);
    expect(isThrottled(after, 11_000)).toBe(false);
  });

  it("widens again by a share of each window, to the full width", () => {
    let pressure: Pressure = { ...openPressure(MAX), limit: 100, refusedRounds: 1 };
    for (let answers = 0; answers < 100; answers += 1) pressure = afterSuccess(pressure, MAX);
    expect(pressure.limit).toBeGreaterThan(104);
    expect(pressure.limit).toBeLessThan(106);
    for (let answers = 0; answers < 50_000; answers += 1) pressure = afterSuccess(pressure, MAX);
    expect(pressure.limit).toBe(MAX);
  });

  it("keeps the limit within 1 and the maximum, and always lets one go after the pause", () => {
    const step = fc.oneof(
      fc.constant(null),
      fc.record({ inFlight: fc.integer({ min: 1, max: MAX }), isNew: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let pressure = openPressure(MAX);
        for (const [index, each] of steps.entries()) {
          const nowMs = index * 1000;
          const sentAtMs = each?.isNew ? nowMs : 0;
          pressure =
            each === null
              ? afterSuccess(pressure, MAX)
              : afterRefusal(pressure, refusal({ nowMs, sentAtMs, inFlight: each.inFlight }));
          expect(pressure.limit).toBeGreaterThanOrEqual(1);
          expect(pressure.limit).toBeLessThanOrEqual(MAX);
        }
        expect(mayGo(pressure, 0, pressure.pausedUntilMs)).toBe(true);
      }),
    );
  });
});
