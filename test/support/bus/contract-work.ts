import { describe, expect, test } from "vitest";

import type { Bus, WorkDelivery } from "../../../src/bus/port.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import { ACK_WAIT_MS, SMALL_STREAM_BYTES, bytesOf, freshJob } from "./contract-context.ts";
import type { ContractContext } from "./contract-context.ts";

const slot = (itemIndex = 0): string =>
  workSubject("rollout", { ...freshJob(), itemIndex, sampleIndex: 0 }, 0);

/** Takes up to `max` deliveries for up to `expiresMs`. */
async function take(bus: Bus, max: number, expiresMs: number): Promise<readonly WorkDelivery[]> {
  const taken: WorkDelivery[] = [];
  const count = await bus.pull({
    kind: "rollout",
    max,
    expiresMs,
    onDelivery: (delivery) => void taken.push(delivery),
  });
  expect(count).toBe(taken.length);
  return taken;
}

/** The one delivery that must come. */
async function takeOne(bus: Bus, expiresMs = 10_000): Promise<WorkDelivery> {
  const [delivery] = await take(bus, 1, expiresMs);
  if (delivery === undefined) throw new TypeError("no work came");
  return delivery;
}

/** Longer than a redelivery takes. */
const PAST_ACK_WAIT_MS = 2 * ACK_WAIT_MS + 500;

/** Dispatching, taking and giving back work. */
export function describeWork({ bus }: ContractContext): void {
  describe("work", () => {
    test("an attempt has one slot: a second dispatch is refused until the work is done", async () => {
      const subject = slot();
      expect((await bus().publish({ subject, payload: bytesOf("a") })).kind).toBe("stored");
      expect(await bus().publish({ subject, payload: bytesOf("b") })).toEqual({ kind: "slot_taken" });
      const delivery = await takeOne(bus());
      expect(await bus().publish({ subject, payload: bytesOf("b") })).toEqual({ kind: "slot_taken" });
      await delivery.ack();
      await expect
        .poll(async () => (await bus().publish({ subject, payload: bytesOf("c") })).kind)
        .toBe("stored");
      await (await takeOne(bus())).ack();
    });

    test("a full work stream is told from a taken slot", async () => {
      const payload = new Uint8Array(SMALL_STREAM_BYTES / 2);
      const subjects = Array.from({ length: 12 }, (_, index) => slot(index));
      const kinds: string[] = [];
      for (const subject of subjects) kinds.push((await bus().publish({ subject, payload })).kind);
      expect(new Set(kinds)).toEqual(new Set(["stored", "full"]));
      const [first = ""] = subjects;
      expect(await bus().publish({ subject: first, payload: bytesOf("x") })).toEqual({ kind: "slot_taken" });
      await bus().purge("work", "rollyard.work.>");
    });

    test("several open pulls share the work, and none gets what another has", async () => {
      const subjects = Array.from({ length: 30 }, (_, index) => slot(index));
      const pulls = [10, 10, 10].map((max) => take(bus(), max, 10_000));
      await Promise.all(subjects.map((subject) => bus().publish({ subject, payload: bytesOf(subject) })));
      const taken = await Promise.all(pulls);
      const seen = taken.flat().map(({ subject }) => subject);
      expect(seen.toSorted()).toEqual(subjects.toSorted());
      expect(taken.map((part) => part.length)).toEqual([10, 10, 10]);
      await Promise.all(taken.flat().map((delivery) => delivery.ack()));
      expect(await take(bus(), 1, PAST_ACK_WAIT_MS)).toEqual([]);
    });

    test("a delivery carries subject, payload, headers and its number", async () => {
      const subject = slot();
      await bus().publish({ subject, payload: bytesOf("body"), headers: { "Rollyard-Attempt": "0" } });
      const delivery = await takeOne(bus());
      expect(delivery).toMatchObject({ subject, deliveries: 1, headers: { "Rollyard-Attempt": "0" } });
      expect(new TextDecoder().decode(delivery.payload)).toBe("body");
      await delivery.ack();
    });

    test("a pull without work ends at its time, and at once when it is aborted", async () => {
      const startedMs = performance.now();
      expect(await take(bus(), 5, 1200)).toEqual([]);
      expect(performance.now() - startedMs).toBeGreaterThan(1000);
      const stop = new AbortController();
      const pull = bus().pull({
        kind: "rollout",
        max: 5,
        expiresMs: 60_000,
        signal: stop.signal,
        onDelivery: () => undefined,
      });
      stop.abort();
      expect(await pull).toBe(0);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    });

    test("work that comes after a pull was aborted goes to the next one", async () => {
      const stop = new AbortController();
      const taken: WorkDelivery[] = [];
      const onDelivery = (delivery: WorkDelivery): void => void taken.push(delivery);
      const pull = bus().pull({
        kind: "rollout",
        max: 5,
        expiresMs: 60_000,
        signal: stop.signal,
        onDelivery,
      });
      const subject = slot();
      const published = bus().publish({ subject, payload: bytesOf("w") });
      stop.abort();
      await Promise.all([pull, published]);
      const rest = await take(bus(), 1, taken.length > 0 ? 500 : 10_000);
      expect([...taken, ...rest].map((delivery) => delivery.subject)).toEqual([subject]);
      await Promise.all([...taken, ...rest].map((delivery) => delivery.ack()));
    });

    test("work without a sign of life goes to another after ack_wait, and says that it is the second time", async () => {
      const subject = slot();
      await bus().publish({ subject, payload: bytesOf("w") });
      const first = await takeOne(bus());
      const startedMs = performance.now();
      const second = await takeOne(bus());
      expect(performance.now() - startedMs).toBeGreaterThan(ACK_WAIT_MS / 2);
      expect(second).toMatchObject({ subject, deliveries: 2 });
      // A zombie's late ack is accepted: it removes the work of the new owner.
      await first.ack();
      expect(await take(bus(), 1, PAST_ACK_WAIT_MS)).toEqual([]);
      expect((await bus().publish({ subject, payload: bytesOf("w") })).kind).toBe("stored");
      await (await takeOne(bus())).ack();
    });

    test("beats keep work with its owner", async () => {
      await bus().publish({ subject: slot(), payload: bytesOf("w") });
      const delivery = await takeOne(bus());
      const beat = setInterval(() => delivery.working(), ACK_WAIT_MS / 4);
      const others = await take(bus(), 1, PAST_ACK_WAIT_MS);
      clearInterval(beat);
      expect(others).toEqual([]);
      await delivery.ack();
    });

    test("given back, work comes again: at once, or after the delay", async () => {
      await bus().publish({ subject: slot(), payload: bytesOf("w") });
      await (await takeOne(bus())).nak();
      const startedMs = performance.now();
      const second = await takeOne(bus());
      expect(performance.now() - startedMs).toBeLessThan(ACK_WAIT_MS);
      expect(second.deliveries).toBe(2);
      await second.nak(700);
      const third = await takeOne(bus());
      expect(performance.now() - startedMs).toBeGreaterThan(600);
      expect(third.deliveries).toBe(3);
      await third.ack();
    });

    test("a zombie's nak takes the work from its new owner", async () => {
      await bus().publish({ subject: slot(), payload: bytesOf("w") });
      const zombie = await takeOne(bus());
      const owner = await takeOne(bus());
      expect(owner.deliveries).toBe(2);
      await zombie.nak();
      const third = await takeOne(bus(), 700);
      expect(third.deliveries).toBe(3);
      await third.ack();
    });

    test("released work comes again at once", async () => {
      const subject = slot();
      await bus().publish({ subject, payload: bytesOf("w") });
      await takeOne(bus());
      await bus().releaseWork();
      const again = await takeOne(bus(), 700);
      expect(again.subject).toBe(subject);
      await again.ack();
      expect(await take(bus(), 1, PAST_ACK_WAIT_MS)).toEqual([]);
    });

    test("purged work is not delivered", async () => {
      const subject = slot();
      await bus().publish({ subject, payload: bytesOf("w") });
      await bus().purge("work", subject);
      expect(await take(bus(), 1, 1200)).toEqual([]);
    });
  });
}
