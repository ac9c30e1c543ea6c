import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ENDPOINT, EXACT, FlowWorld } from "../../test/support/grader/flow-world.ts";
import { gradeDeliveryOf, PARTS, writeAttempt } from "../../test/support/grader/stopped-rollout.ts";
import type { RecordedDelivery } from "../../test/support/grader/stopped-rollout.ts";
import type { PullOptions, WorkSource } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { systemClock } from "../lib/clock.ts";
import type { EndpointReply } from "./endpoint-caller.ts";
import { GraderGates } from "./grader-gates.ts";
import { GraderService } from "./grader-service.ts";

/** Work that the test hands out; a pull ends when it is full, expired or aborted, as on the bus. */
class TestSource implements WorkSource {
  readonly pulls: number[] = [];
  readonly waiting: RecordedDelivery[] = [];
  failures = 0;

  async pull({ max, expiresMs, signal, onDelivery }: PullOptions): Promise<number> {
    this.pulls.push(max);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new RollyardError("bus_unavailable");
    }
    let count = 0;
    const until = systemClock.monotonicMs() + expiresMs;
    for (;;) {
      if (count === max || signal?.aborted === true || systemClock.monotonicMs() >= until) return count;
      const delivery = this.waiting.shift();
      if (delivery === undefined) await systemClock.sleep(10, signal);
      else {
        count += 1;
        onDelivery(delivery);
      }
    }
  }
}

const SCORED: EndpointReply = { kind: "answered", status: 200, body: '{"score": 1}', retryAfterMs: null };

describe("the grader service", () => {
  let world: FlowWorld;
  let source: TestSource;
  let offered: number;
  /** Ends the endpoint's calls, the oldest first. */
  let calls: ((reply: EndpointReply) => void)[];

  beforeEach(() => {
    vi.useFakeTimers();
    world = new FlowWorld();
    world.spec = ENDPOINT;
    source = new TestSource();
    offered = 0;
    calls = [];
    world.reply = () => new Promise((resolve) => calls.push(resolve));
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  function start(concurrency: number): { service: GraderService; ended: Promise<void> } {
    const service = new GraderService({ ...world.deps, clock: systemClock, source, concurrency });
    return { service, ended: service.run() };
  }

  /** A request for a rollout of its own. */
  function offer(environmentUid?: string, deliveries = 1): RecordedDelivery {
    const sampleIndex = (offered += 1);
    const lastSequence = writeAttempt(world.store, 0, { sampleIndex });
    const request = { attempt: 0, sampleIndex, lastSequence };
    const owned = environmentUid === undefined ? request : { ...request, environmentUid };
    const delivery = gradeDeliveryOf(owned, { deliveries });
    source.waiting.push(delivery);
    return delivery;
  }

  const DOWN: EndpointReply = { kind: "answered", status: 503, body: "", retryAfterMs: null };

  const lastOf = (deliveries: readonly RecordedDelivery[]) => deliveries.map(({ did }) => did.at(-1));

  it("takes no more than it has free slots for, and the next when one is free", async () => {
    const { service, ended } = start(2);
    const deliveries = [offer(), offer(), offer()];
    await vi.advanceTimersByTimeAsync(1000);
    expect(service.active).toBe(2);
    expect(source.waiting).toHaveLength(1);
    calls[0]?.(SCORED);
    await vi.advanceTimersByTimeAsync(1000);
    expect(deliveries[0]?.did).toContain("ack");
    expect(source.waiting).toHaveLength(0);
    service.drain();
    for (const end of calls) end(SCORED);
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
    expect(deliveries.map(({ did }) => did.at(-1))).toEqual(["ack", "ack", "ack"]);
    expect(world.outcomes).toHaveLength(1);
  });

  it("takes others while one only waits, and lets it go on before anything new", async () => {
    let isDown = true;
    const asked: string[] = [];
    world.reply = () => {
      asked.push(isDown ? "down" : "up");
      return isDown ? DOWN : SCORED;
    };
    const { service, ended } = start(1);
    const waiting = Array.from({ length: 12 }, () => offer());
    await vi.advanceTimersByTimeAsync(20_000);
    expect(service.load()).toMatchObject({ running: 0, waiting: 12 });
    expect(service.load().oldestSeconds).toBeGreaterThan(19);
    isDown = false;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(service.load()).toEqual({ running: 0, waiting: 0, oldestSeconds: 0 });
    expect(lastOf(waiting)).toEqual(waiting.map(() => "ack"));
    service.drain();
    await ended;
  });

  it("leaves room for other environments, however many gradings of one wait", async () => {
    world.reply = () => DOWN;
    const { service, ended } = start(1);
    for (let each = 0; each < 60; each += 1) offer("limited");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(source.waiting).toHaveLength(0);
    world.spec = EXACT;
    const others = [offer("other"), offer("other"), offer("other")];
    await vi.advanceTimersByTimeAsync(1000);
    expect(lastOf(others)).toEqual(["ack", "ack", "ack"]);
    expect(service.load()).toMatchObject({ running: 0, waiting: 60 });
    const suspect = offer("limited", 11);
    await vi.advanceTimersByTimeAsync(2000);
    expect(suspect.did.at(-1)).toBe("ack");
    service.drain();
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
  });

  it("does not count what comes again while it waits for its environment's share", async () => {
    world.reply = () => DOWN;
    const { service, ended } = start(1);
    for (let each = 0; each < 10; each += 1) offer();
    const last = offer();
    await vi.advanceTimersByTimeAsync(1000);
    source.waiting.push({ ...last, deliveries: 25 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(source.waiting).toHaveLength(0);
    world.reply = () => SCORED;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(last.did.at(-1)).toBe("ack");
    expect(world.store.on(workSubject("settle", { ...PARTS, sampleIndex: offered }, 0))).toEqual([]);
    service.drain();
    await ended;
  });

  it("grades others while gradings wait for a limit of their own grader, and keeps their order", async () => {
    world.gates = new GraderGates({ byType: {}, byName: { "ns/env/endpoint": { concurrency: 1 } } });
    const { service, ended } = start(2);
    const limited = Array.from({ length: 5 }, () => offer());
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls).toHaveLength(1);
    expect(service.load()).toMatchObject({ running: 1, waiting: 4 });
    world.spec = EXACT;
    const others = [offer(), offer(), offer()];
    await vi.advanceTimersByTimeAsync(1000);
    expect(others.map(({ did }) => did.at(-1))).toEqual(["ack", "ack", "ack"]);
    const order: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      calls[round]?.(SCORED);
      await vi.advanceTimersByTimeAsync(1000);
      order.push(limited.findIndex(({ did }, index) => did.at(-1) === "ack" && !order.includes(index)));
      expect(calls).toHaveLength(Math.min(5, round + 2));
    }
    expect(order).toEqual([0, 1, 2, 3, 4]);
    service.drain();
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
  });

  it("gives back at once what waits for a limit, and ends what runs", async () => {
    world.gates = new GraderGates({ byType: { endpoint: { concurrency: 1 } }, byName: {} });
    const { service, ended } = start(2);
    const [first, second, third] = [offer(), offer(), offer()];
    await vi.advanceTimersByTimeAsync(1000);
    service.drain();
    await vi.advanceTimersByTimeAsync(50);
    expect([second, third].map(({ did }) => did.at(-1))).toEqual(["nak", "nak"]);
    calls[0]?.(SCORED);
    await vi.advanceTimersByTimeAsync(50);
    await ended;
    expect(first.did.at(-1)).toBe("ack");
    expect(calls).toHaveLength(1);
  });

  it("never asks for more than its slots in all open pulls together", async () => {
    const { service, ended } = start(4);
    for (let round = 0; round < 20; round += 1) {
      offer();
      await vi.advanceTimersByTimeAsync(20);
      expect(service.active + source.waiting.length).toBeLessThanOrEqual(4);
      calls.at(-1)?.(SCORED);
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(Math.max(...source.pulls)).toBe(4);
    service.drain();
    await vi.advanceTimersByTimeAsync(40_000);
    await ended;
  });

  it("beats on receipt and every 15 s until the end, no longer", async () => {
    const { service, ended } = start(1);
    const delivery = offer();
    await vi.advanceTimersByTimeAsync(46_000);
    expect(delivery.did).toEqual(["working", "working", "working", "working"]);
    calls[0]?.(SCORED);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(delivery.did).toEqual(["working", "working", "working", "working", "ack"]);
    service.drain();
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
  });

  it("goes on pulling after a pull failed, without spinning", async () => {
    source.failures = 3;
    const { service, ended } = start(1);
    const delivery = offer();
    await vi.advanceTimersByTimeAsync(3500);
    expect(source.pulls).toHaveLength(4);
    expect(delivery.did).toEqual(["working"]);
    calls[0]?.(SCORED);
    service.drain();
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
    expect(delivery.did.at(-1)).toBe("ack");
  });

  it("gives back what still runs when a drain's time is over", async () => {
    const { service, ended } = start(1);
    const delivery = offer();
    await vi.advanceTimersByTimeAsync(100);
    service.drain();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(delivery.did).not.toContain("nak");
    await vi.advanceTimersByTimeAsync(1500);
    calls[0]?.({ kind: "aborted" });
    await vi.advanceTimersByTimeAsync(100);
    await ended;
    expect(delivery.did.at(-1)).toBe("nak");
    expect(world.outcomes).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives back at once what only waits, in the middle of its wait", async () => {
    world.reply = () => DOWN;
    const { service, ended } = start(1);
    const deliveries = Array.from({ length: 12 }, () => offer());
    await vi.advanceTimersByTimeAsync(70_000);
    service.drain();
    await vi.advanceTimersByTimeAsync(50);
    await ended;
    expect(lastOf(deliveries)).toEqual(deliveries.map(() => "nak"));
  });

  it("ends a multi grader whose part failed at once, though another part waits for long", async () => {
    const part = { type: "endpoint", url: "http://127.0.0.1:1/" } as const;
    const graders = { away: part, broken: part };
    world.spec = { type: "multi", name: "both", graders, calculate_output: "away + broken" };
    world.gates = new GraderGates({ byType: { endpoint: { tries: 1 } }, byName: {} });
    const { service, ended } = start(1);
    const delivery = offer();
    await vi.advanceTimersByTimeAsync(100);
    calls[0]?.({ kind: "answered", status: 503, body: "", retryAfterMs: 290_000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(service.load().running).toBe(1);
    calls[1]?.({ kind: "answered", status: 200, body: "no score", retryAfterMs: null });
    await vi.advanceTimersByTimeAsync(1000);
    expect(delivery.did.at(-1)).toBe("ack");
    expect(service.active).toBe(0);
    service.drain();
    await ended;
  });

  it("gives a delivery back later when it meets an error of ours", async () => {
    const { service, ended } = start(1);
    world.store.fault = () => {
      throw new TypeError("a bug");
    };
    const delivery = offer();
    await vi.advanceTimersByTimeAsync(1000);
    expect(delivery.did).toEqual(["working", "nak 30000"]);
    service.drain();
    await vi.advanceTimersByTimeAsync(1000);
    await ended;
  });
});
