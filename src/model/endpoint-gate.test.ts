import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InstantClock } from "../../test/support/grader/instant-clock.ts";
import type { Clock } from "../lib/clock.ts";
import { silentLogger } from "../lib/logger.ts";
import { EndpointGate } from "./endpoint-gate.ts";
import type { GatePass } from "./endpoint-gate.ts";

function newGate(maxConcurrency: number, clock: Clock = new InstantClock()): EndpointGate {
  return new EndpointGate({
    clock,
    logger: silentLogger,
    random: () => 0,
    maxConcurrency,
  });
}

/** Time passes with each look, and timers fire a step early, as those of whole milliseconds do. */
function tickingClock(stepMs: number): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => (nowMs += stepMs),
    sleep: async (delayMs) => {
      await setImmediate();
      nowMs += Math.max(0, delayMs - stepMs);
    },
  };
}

/** Enters and notes its name when let in. */
async function enterAs(
  gate: EndpointGate,
  name: string,
  log: string[],
  ticket = gate.takeTicket(),
): Promise<GatePass> {
  const pass = await gate.enter(ticket);
  log.push(name);
  return pass;
}

describe("the gate of an endpoint", () => {
  it("lets in as many as its width, then one for each that ends, in order of coming", async () => {
    const gate = newGate(2);
    const log: string[] = [];
    const [first] = await Promise.all([enterAs(gate, "a", log), enterAs(gate, "b", log)]);
    const third = enterAs(gate, "c", log);
    const fourth = enterAs(gate, "d", log);
    await setImmediate();
    expect(log).toEqual(["a", "b"]);
    first.end({ kind: "taken" });
    (await third).end({ kind: "failed" });
    await fourth;
    expect(log).toEqual(["a", "b", "c", "d"]);
    expect(gate.inFlight).toBe(2);
  });

  it("lets a call in whose pause ends between two looks at the clock", async () => {
    for (let stepMs = 1; stepMs <= 40; stepMs += 1) {
      const gate = newGate(1, tickingClock(stepMs));
      const pass = await gate.enter(gate.takeTicket());
      pass.end({ kind: "refused", retryAfterMs: 100 });
      const turns = async (): Promise<"never"> => {
        for (let turn = 0; turn < 20; turn += 1) await setImmediate();
        return "never";
      };
      const entered = gate.enter(gate.takeTicket()).then(() => "in");
      expect([stepMs, await Promise.race([entered, turns()])]).toEqual([stepMs, "in"]);
    }
  });

  it("gives a refused call its place back", async () => {
    const gate = newGate(1);
    const log: string[] = [];
    const ticket = gate.takeTicket();
    const pass = await enterAs(gate, "old", log, ticket);
    const younger = enterAs(gate, "young", log);
    pass.end({ kind: "refused", retryAfterMs: 5000 });
    expect(gate.isThrottled).toBe(true);
    const again = await enterAs(gate, "old again", log, ticket);
    again.end({ kind: "taken" });
    await younger;
    expect(log).toEqual(["old", "old again", "young"]);
  });

  it("lets a waiting call go when its signal aborts, and loses no place", async () => {
    const gate = newGate(1);
    const pass = await gate.enter(gate.takeTicket());
    const controller = new AbortController();
    const given = gate.enter(gate.takeTicket(), controller.signal);
    const next = gate.enter(gate.takeTicket());
    const reason = new Error("drained");
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    pass.end({ kind: "taken" });
    await next;
    expect(gate.inFlight).toBe(1);
    await expect(gate.enter(gate.takeTicket(), controller.signal)).rejects.toBe(reason);
  });

  it("lets every one of many callers through an endpoint that refuses half of them", async () => {
    const gate = newGate(16);
    let tries = 0;
    const call = async (): Promise<void> => {
      const ticket = gate.takeTicket();
      for (;;) {
        const pass = await gate.enter(ticket);
        await setImmediate();
        tries += 1;
        const isRefused = tries % 2 === 0;
        pass.end(isRefused ? { kind: "refused", retryAfterMs: null } : { kind: "taken" });
        if (!isRefused) return;
      }
    };
    await Promise.all(Array.from({ length: 200 }, call));
    expect(gate.inFlight).toBe(0);
  });

  it("takes an endpoint for unknown once a call gave it up, and never again after a request got through", async () => {
    const gate = newGate(1);
    expect(gate.isUnknown).toBe(false);
    (await gate.enter(gate.takeTicket())).end({ kind: "failed" });
    gate.giveUp();
    expect(gate.isUnknown).toBe(true);
    (await gate.enter(gate.takeTicket())).end({ kind: "refused", retryAfterMs: 0 });
    expect(gate.isUnknown).toBe(false);
    gate.giveUp();
    expect(gate.isUnknown).toBe(false);
  });
});
