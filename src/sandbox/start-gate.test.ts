import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { StartGate } from "./start-gate.ts";

const error = new RollyardError("sandbox_start_failed");

function failTimes(gate: StartGate, times: number, nowMs: number): void {
  for (let failure = 0; failure < times; failure += 1) {
    gate.begin(nowMs);
    gate.failed(error, nowMs);
  }
}

describe("StartGate", () => {
  it("allows a second's worth at once, then the rate", () => {
    const gate = new StartGate(10, 0);
    for (let start = 0; start < 10; start += 1) gate.begin(0);
    expect(gate.allowance(0)).toBe(0);
    expect(gate.allowance(500)).toBe(5);
    expect(gate.allowance(60_000)).toBe(10);
  });

  it("opens after five failures in a row and then lets one trial through at a time", () => {
    const gate = new StartGate(100, 0);
    failTimes(gate, 4, 0);
    expect(gate.breaker().state).toBe("closed");
    failTimes(gate, 1, 0);
    expect(gate.breaker()).toEqual({
      state: "open",
      consecutiveFailures: 5,
      lastCode: "sandbox_start_failed",
      lastReason: "The sandbox did not start.",
    });
    expect(gate.allowance(499)).toBe(0);
    expect(gate.allowance(500)).toBe(1);
    expect(gate.begin(500)).toBe(true);
    expect(gate.breaker().state).toBe("trial");
    expect(gate.allowance(500)).toBe(0);
  });

  it("waits longer after each failed trial, but never more than half a minute", () => {
    const gate = new StartGate(100, 0);
    failTimes(gate, 6, 0);
    expect([gate.allowance(999), gate.allowance(1000)]).toEqual([0, 1]);
    failTimes(gate, 20, 1000);
    expect([gate.allowance(30_999), gate.allowance(31_000)]).toEqual([0, 1]);
  });

  it("closes with the first success", () => {
    const gate = new StartGate(100, 0);
    failTimes(gate, 7, 0);
    gate.begin(5000);
    gate.succeeded();
    expect(gate.breaker()).toEqual({ state: "closed", consecutiveFailures: 0, lastCode: "", lastReason: "" });
    expect(gate.allowance(5000)).toBeGreaterThan(1);
  });
});
