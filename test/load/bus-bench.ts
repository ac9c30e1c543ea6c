import { startNatsFixture } from "../support/bus/nats-fixture.ts";
import type { Bus, WorkDelivery } from "../../src/bus/port.ts";
import { HEADERS } from "../../src/bus/port.ts";
import { eventsSubject, workSubject } from "../../src/bus/subjects.ts";

// Prints what one message costs through the port: `node test/load/bus-bench.ts [1|3]`. Server and client share the machine.

/** One line of the result. */
interface Figure {
  readonly what: string;
  readonly count: number;
  readonly perSecond: number;
  /** CPU of this process, user and system. */
  readonly clientMicros: number;
}

const PAYLOAD = new Uint8Array(1024).fill(97);
const SUBJECTS = 1000;
/** Logs read at once. */
const LOGS = 200;

async function measure(what: string, count: number, run: () => Promise<void>): Promise<Figure> {
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedMs) / 1000;
  return { what, count, perSecond: Math.round(count / seconds), clientMicros: (user + system) / count };
}

function logSubject(n: number): string {
  return eventsSubject({ namespace: "bench", jobUid: "0", itemIndex: n % SUBJECTS, sampleIndex: 0 });
}

/** Publishes with as many writers as the window, each waiting for its own acknowledgement. */
async function publish(bus: Bus, count: number, window: number): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      const headers = {
        [HEADERS.append]: `nonce:${n}`,
        [HEADERS.attempt]: "0",
        [HEADERS.number]: String(n),
        [HEADERS.digest]: "ab".repeat(32),
      };
      const { kind } = await bus.publish({ subject: logSubject(n), payload: PAYLOAD, headers });
      if (kind !== "stored") throw new TypeError(`a publish was answered ${kind}`);
    }
  };
  await Promise.all(Array.from({ length: window }, write));
}

async function dispatchAndTake(bus: Bus, count: number): Promise<void> {
  const job = { namespace: "bench", jobUid: "1", sampleIndex: 0 };
  const subjects = Array.from({ length: count }, (_, itemIndex) =>
    workSubject("rollout", { ...job, itemIndex }, 0),
  );
  const acks: Promise<void>[] = [];
  const take = async (): Promise<void> => {
    const onDelivery = (delivery: WorkDelivery): void => void acks.push(delivery.ack());
    for (let taken = 0; taken < count / 4;) {
      taken += await bus.pull({
        kind: "rollout",
        max: Math.min(100, count / 4 - taken),
        expiresMs: 5000,
        onDelivery,
      });
    }
  };
  const taking = Array.from({ length: 4 }, take);
  await Promise.all(subjects.map((subject) => bus.publish({ subject, payload: PAYLOAD })));
  await Promise.all(taking);
  await Promise.all(acks);
}

async function readAll(bus: Bus): Promise<void> {
  const reads = Array.from({ length: LOGS }, (_, n) => bus.read("events", logSubject(n)));
  await Promise.all(reads);
}

async function replayAll(bus: Bus): Promise<void> {
  for await (const _ of bus.replayHeaders("events", "rollyard.events.>"));
}

const replicas = process.argv[2] === "3" ? 3 : 1;
const fixture = await startNatsFixture(replicas);
const bus = await fixture.connect("bench");
await bus.ensureStreams();
const figures: Figure[] = [];
for (const [window, count] of [
  [1, 2000],
  [64, 40_000],
  [256, 40_000],
  [2000, 40_000],
] as const) {
  figures.push(
    await measure(`publish 1 KiB, 4 headers, window ${window}`, count, () => publish(bus, count, window)),
  );
}
const { lastSequence } = await bus.streamState("events");
figures.push(
  await measure("read 200 logs at once, each of 122 among 122,000", (lastSequence / SUBJECTS) * LOGS, () =>
    readAll(bus),
  ),
);
figures.push(await measure("replay headers", lastSequence, () => replayAll(bus)));
figures.push(await measure("dispatch, pull and acknowledge", 10_000, () => dispatchAndTake(bus, 10_000)));
await bus.close();
await fixture.stop();

process.stdout.write(`${replicas} server(s)\n`);
for (const { what, count, perSecond, clientMicros } of figures) {
  process.stdout.write(
    `${what}: ${count} messages, ${perSecond}/s, ${clientMicros.toFixed(1)} us of client CPU each\n`,
  );
}
