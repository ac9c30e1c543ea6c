import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { StartBreaker } from "./start-breaker.ts";
import { StartRate } from "./start-rate.ts";

const error = new RollyardError("sandbox_start_failed");

function failTimes(breaker: StartBreaker, times: number, nowMs: number): void {
  for (let failure = 0; failure < times; failure += 1) {
    breaker.begin();
    breaker.failed(error, nowMs);
  }
}

describe("StartRate", () => {
  it("allows a second's worth at once, then the rate", () => {
    const rate = new StartRate(10, 0);
    for (let start = 0; start < 10; start += 1) rate.begin(0);
    expect(rate.allowance(0)).toBe(0);
    expect(rate.allowance(500)).toBe(5);
    expect(rate.allowance(60_000)).toBe(10);
  });

  it("goes on at another rate once that is set", () => {
    const rate = new StartRate(10, 0);
    for (let start = 0; start < 10; start += 1) rate.begin(0);
    rate.set(2, 0);
    expect([rate.allowance(1000), rate.allowance(60_000)]).toEqual([2, 2]);
  });
});

describe("StartBreaker", () => {
  it("opens after five failures in a row and then lets one trial through at a time", () => {
    const breaker = new StartBreaker();
    failTimes(breaker, 4, 0);
    expect(breaker.state().state).toBe("closed");
    failTimes(breaker, 1, 0);
    expect(breaker.state()).toEqual({
      state: "open",
      consecutiveFailures: 5,
      lastCode: "sandbox_start_failed",
      lastReason: "The sandbox did not start.",
    });
    expect(breaker.allowance(499)).toBe(0);
    expect(breaker.allowance(500)).toBe(1);
    breaker.begin();
    expect(breaker.state().state).toBe("trial");
    expect(breaker.allowance(500)).toBe(0);
  });

  it("tries again when a trial found no room", () => {
    const breaker = new StartBreaker();
    failTimes(breaker, 5, 0);
    breaker.begin();
    breaker.undone();
    expect(breaker.allowance(500)).toBe(1);
  });

  it("waits longer after each failed trial, but never more than half a minute", () => {
    const breaker = new StartBreaker();
    failTimes(breaker, 6, 0);
    expect([breaker.allowance(999), breaker.allowance(1000)]).toEqual([0, 1]);
    failTimes(breaker, 20, 1000);
    expect([breaker.allowance(30_999), breaker.allowance(31_000)]).toEqual([0, 1]);
  });

  it("closes with the first success", () => {
    const breaker = new StartBreaker();
    failTimes(breaker, 7, 0);
    breaker.begin();
    breaker.succeeded();
    expect(breaker.state()).toEqual({
      state: "closed",
      consecutiveFailures: 0,
      lastCode: "",
      lastReason: "",
    });
    expect(breaker.allowance(5000)).toBeGreaterThan(1);
  });
});
