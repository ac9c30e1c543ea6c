import { afterAll, beforeAll, expect, test } from "vitest";

import { DeliveryTable } from "../../../src/bus/delivery-table.ts";
import type { BusInspector } from "../../../src/bus/inspection.ts";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import type { Bus, WorkDelivery } from "../../../src/bus/port.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import type { NatsFixture } from "../../support/bus/nats-fixture.ts";

const SUBJECT = workSubject("rollout", { namespace: "n", jobUid: "j", itemIndex: 3, sampleIndex: 1 }, 2);

let fixture: NatsFixture;
let bus: Bus & BusInspector;
const deliveries = new DeliveryTable();

beforeAll(async () => {
  fixture = await startNatsFixture(1);
  const [server] = fixture.servers;
  if (server === undefined) throw new TypeError("there is no server");
  bus = await connectJetStream({
    servers: [server.address],
    ...server.login("controller"),
    name: "inspector",
    logger: silentLogger,
    deliveries,
  });
  await bus.ensureStreams();
});

afterAll(async () => {
  await bus.close();
  await fixture.stop();
});

async function take(): Promise<WorkDelivery> {
  const taken = Promise.withResolvers<WorkDelivery>();
  await bus.pull({ kind: "rollout", max: 1, expiresMs: 5000, onDelivery: taken.resolve });
  return taken.promise;
}

const rolloutWork = async () => (await bus.workStates()).find(({ kind }) => kind === "rollout");

test("a controller sees how full streams are, and how work stands from its storing to its acknowledgement", async () => {
  const empty = (await bus.streamFills()).find(({ stream }) => stream === "work");
  expect(empty).toMatchObject({ usedBytes: 0, lastStoredAtMs: null });
  expect(empty?.maxBytes).toBeGreaterThan(0);
  expect(await rolloutWork()).toMatchObject({
    waiting: 0,
    unacked: 0,
    oldest: null,
    oldestUntakenAtMs: null,
    lastAckAtMs: null,
  });
  const beganMs = Date.now();
  await bus.publish({ subject: SUBJECT, payload: new Uint8Array([1]) });
  expect(await rolloutWork()).toMatchObject({ waiting: 1, unacked: 0, oldest: { subject: SUBJECT } });
  const stored = await rolloutWork();
  expect(stored?.oldestUntakenAtMs).toBe(stored?.oldest?.storedAtMs);
  const first = await take();
  expect(await rolloutWork()).toMatchObject({
    waiting: 0,
    unacked: 1,
    redelivered: 0,
    oldestUntakenAtMs: null,
  });
  expect(deliveries.repeated()).toEqual([]);
  await first.nak();
  const second = await take();
  expect(await rolloutWork()).toMatchObject({ unacked: 1, redelivered: 1 });
  expect(deliveries.repeated()).toEqual([{ subject: SUBJECT, deliveries: 2 }]);
  await second.ack();
  const done = await rolloutWork();
  expect(done).toMatchObject({ waiting: 0, unacked: 0, redelivered: 0, oldest: null });
  expect(done?.lastAckAtMs).toBeGreaterThanOrEqual(beganMs - 1000);
  expect(deliveries.repeated()).toEqual([]);
});

test("a controller sees the oldest work that nobody has taken behind what somebody has", async () => {
  const subject = (sampleIndex: number): string =>
    workSubject("rollout", { namespace: "n", jobUid: "untaken", itemIndex: 0, sampleIndex }, 0);
  await bus.publish({ subject: subject(0), payload: new Uint8Array() });
  const taken = await take();
  for (const sampleIndex of [1, 2]) {
    await bus.publish({ subject: subject(sampleIndex), payload: new Uint8Array() });
  }
  const next = await bus.readLast("work", subject(1), { fromLeader: true });
  expect(await rolloutWork()).toMatchObject({
    waiting: 2,
    oldest: { subject: subject(0) },
    oldestUntakenAtMs: next?.storedAtMs,
  });
  const others = [await take(), await take()];
  await Promise.all([taken, ...others].map((delivery) => delivery.ack()));
});
