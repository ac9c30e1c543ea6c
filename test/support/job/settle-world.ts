import { create } from "@bufbuild/protobuf";
import { HEADERS } from "../../../src/bus/port.ts";
import type { WorkDelivery } from "../../../src/bus/port.ts";
import { AttemptRefSchema, SettleRequestSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { SettleRequest } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { outcomeSummary } from "../../../src/job/outcome-summary.ts";
import type { SettleDeps } from "../../../src/job/settle-flow.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { EMPTY_DIGEST } from "../../../src/rollout/digest.ts";
import { EventAppender } from "../../../src/rollout/event-appender.ts";
import { newEvent } from "../../../src/rollout/events.ts";
import type { RolloutEvent } from "../../../src/rollout/events.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { textOf } from "../../../src/rollout/inline-text.ts";
import { encodeStored } from "../../../src/bus/envelope.ts";
import type { FakeBus } from "../bus/fake-bus.ts";

/** The attempt that the tests of settling are about. */
export const REF = create(AttemptRefSchema, {
  namespace: "ns",
  jobUid: "0123456789ab",
  jobName: "job",
  itemIndex: 1,
  sampleIndex: 2,
  attempt: 0,
});
/** Its chain of outcomes. */
export const OUTCOMES = "rollyard.outcomes.ns.0123456789ab.1-2";
/** Its log. */
export const EVENTS = "rollyard.events.ns.0123456789ab.1-2";
/** What it failed of. */
export const LOST = {
  failureClass: "sandbox",
  code: "sandbox_lost",
  cause: "The sandbox was lost.",
  evidence: { exit_code: "137" },
} as const;

/** A controller on the bus. */
export function depsOn(bus: FakeBus): SettleDeps {
  const { signal } = new AbortController();
  const contentOf = () => ({ item: { question: "what?" }, policyVersion: "p1" });
  const world = { clock: systemClock, ids: randomIds, signal, logger: silentLogger, contentOf };
  return { bus: bus.connect("controller"), ...world };
}

/** A log with an attached driver, and the given end. */
export function writeLog(bus: FakeBus, ...end: RolloutEvent[]): Promise<number> {
  return openLog(bus, { attempt: 0, lastSequence: 0 }, end);
}

/** Opens an attempt as a worker does that believes the log to end at `lastSequence`. */
export function openLog(
  bus: FakeBus,
  { attempt, lastSequence }: { readonly attempt: number; readonly lastSequence: number },
  end: readonly RolloutEvent[] = [],
): Promise<number> {
  const appender = new EventAppender(
    { store: bus.connect("worker"), clock: systemClock, signal: new AbortController().signal },
    {
      subject: EVENTS,
      jobUid: REF.jobUid,
      nonce: "n",
      position: { attempt, messages: 0, digest: EMPTY_DIGEST },
      lastSequence,
    },
  );
  const started = { rolloutId: "r", attempt, itemJson: textOf("{}"), messagesJson: textOf("[]") };
  const opening = newEvent(1, { case: "rolloutStarted", value: started });
  const attached = newEvent(1, { case: "driverAttached", value: { driver: "w", nonce: "n" } });
  return appender.append([opening, attached, ...end]);
}

/** The driver of the attempt, which has appended all that is there. */
export async function driverOf(bus: FakeBus): Promise<EventAppender> {
  const store = bus.connect("worker");
  const last = await store.readLast("events", EVENTS);
  return new EventAppender(
    { store, clock: systemClock, signal: new AbortController().signal },
    {
      subject: EVENTS,
      jobUid: REF.jobUid,
      nonce: "n",
      position: { attempt: 0, messages: 1, digest: last?.headers[HEADERS.digest] ?? "" },
      lastSequence: last?.sequence ?? 0,
    },
  );
}

/** Seals it as one that can be graded. */
export const stopped = newEvent(2, { case: "rolloutStopped", value: { reason: "answered" } });
/** Seals it as {@link LOST}. */
export const failed = newEvent(2, { case: "attemptFailed", value: { ...LOST } });

type RequestFields = Partial<Pick<SettleRequest, "sender" | "failureClass" | "code" | "outcomeAfter">>;

/** A delivery of a settle request, and what became of it. */
export function request(
  fields: RequestFields,
  changes: Partial<WorkDelivery> = {},
): {
  delivery: WorkDelivery;
  ends: string[];
} {
  const ends: string[] = [];
  const message = { ref: REF, sender: "worker", failureClass: "internal", code: "internal", ...fields };
  const delivery: WorkDelivery = {
    subject: "rollyard.work.settle.ns.0123456789ab.1-2.0",
    payload: encodeStored(SettleRequestSchema, message),
    headers: {},
    deliveries: 1,
    working: () => undefined,
    ack: async () => void ends.push("ack"),
    nak: async () => void ends.push("nak"),
    ...changes,
  };
  return { delivery, ends };
}

/** Work of the attempt that somebody has to do. */
export async function putWork(bus: FakeBus, kind: "rollout" | "grade"): Promise<void> {
  const subject = `rollyard.work.${kind}.ns.0123456789ab.1-2.0`;
  await bus.connect("other").publish({ subject, payload: new Uint8Array() });
}

/** What a worker does that closes an attempt that has stopped. */
export async function moveOnToGrading(bus: FakeBus): Promise<void> {
  await putWork(bus, "grade");
  await bus.connect("worker").purge("work", "rollyard.work.rollout.>");
}

/** A client of which some operations are the test's. */
export function withOverrides(
  client: SettleDeps["bus"],
  changes: Partial<SettleDeps["bus"]>,
): SettleDeps["bus"] {
  return {
    publish: (message) => client.publish(message),
    read: (stream, subject, from) => client.read(stream, subject, from),
    readLast: (stream, subject, options) => client.readLast(stream, subject, options),
    subjects: (stream, filter) => client.subjects(stream, filter),
    ...changes,
  };
}

/** The outcomes on record. */
export const outcomesOf = (bus: FakeBus) => bus.stream("outcomes").log(OUTCOMES).map(outcomeSummary);
