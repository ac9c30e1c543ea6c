import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { HEADERS } from "../../src/bus/port.ts";
import type { WorkDelivery } from "../../src/bus/port.ts";
import { AttemptRefSchema, SettleRequestSchema } from "../../src/gen/rollyard/v1/work_pb.ts";
import type { SettleRequest } from "../../src/gen/rollyard/v1/work_pb.ts";
import { endAttempt } from "../../src/job/end-attempt.ts";
import type { EndDeps } from "../../src/job/end-attempt.ts";
import { outcomeSummary } from "../../src/job/outcome-summary.ts";
import { settle } from "../../src/job/settle-flow.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { EMPTY_DIGEST } from "../../src/rollout/digest.ts";
import { EventAppender } from "../../src/rollout/event-appender.ts";
import { newEvent } from "../../src/rollout/events.ts";
import type { RolloutEvent } from "../../src/rollout/events.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { textOf } from "../../src/rollout/inline-text.ts";
import { readRollout } from "../../src/rollout/read-rollout.ts";
import { encodeStored } from "../../src/bus/envelope.ts";
import { FakeBus } from "../support/bus/fake-bus.ts";

const REF = create(AttemptRefSchema, {
  namespace: "ns",
  jobUid: "0123456789ab",
  jobName: "job",
  itemIndex: 1,
  sampleIndex: 2,
  attempt: 0,
});
const OUTCOMES = "rollyard.outcomes.ns.0123456789ab.1-2";
const EVENTS = "rollyard.events.ns.0123456789ab.1-2";
const LOST = {
  failureClass: "sandbox",
  code: "sandbox_lost",
  cause: "The sandbox was lost.",
  evidence: { exit_code: "137" },
} as const;

function depsOn(bus: FakeBus): EndDeps & { logger: typeof silentLogger } {
  const { signal } = new AbortController();
  return { bus: bus.connect("controller"), clock: systemClock, ids: randomIds, signal, logger: silentLogger };
}

/** A log with an attached driver, and the given end. */
async function writeLog(bus: FakeBus, ...end: RolloutEvent[]): Promise<number> {
  const appender = new EventAppender(
    { store: bus.connect("worker"), clock: systemClock, signal: new AbortController().signal },
    {
      subject: EVENTS,
      jobUid: REF.jobUid,
      nonce: "n",
      position: { attempt: 0, messages: 0, digest: EMPTY_DIGEST },
      lastSequence: 0,
    },
  );
  const started = { rolloutId: "r", itemJson: textOf("{}"), messagesJson: textOf("[]") };
  const opening = newEvent(1, { case: "rolloutStarted", value: started });
  const attached = newEvent(1, { case: "driverAttached", value: { driver: "w", nonce: "n" } });
  return appender.append([opening, attached, ...end]);
}

const stopped = newEvent(2, { case: "rolloutStopped", value: { reason: "answered" } });
const failed = newEvent(2, { case: "attemptFailed", value: { ...LOST } });

function request(fields: Partial<Pick<SettleRequest, "sender" | "failureClass" | "code">>): {
  delivery: WorkDelivery;
  ends: string[];
} {
  const ends: string[] = [];
  const message = { ref: REF, sender: "worker", failureClass: "internal", code: "internal", ...fields };
  const payload = encodeStored(SettleRequestSchema, message);
  const delivery: WorkDelivery = {
    subject: "rollyard.work.settle.ns.0123456789ab.1-2.0",
    payload,
    headers: {},
    deliveries: 1,
    working: () => undefined,
    ack: async () => void ends.push("ack"),
    nak: async () => void ends.push("nak"),
  };
  return { delivery, ends };
}

const outcomesOf = (bus: FakeBus) => bus.stream("outcomes").log(OUTCOMES).map(outcomeSummary);

describe("settling an attempt that can't be graded", () => {
  it("records the failure that the log is sealed with, not what the request says", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, failed);
    const { delivery, ends } = request({ code: "internal", failureClass: "internal" });
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "sandbox", code: "sandbox_lost" } }]);
    expect(bus.stream("outcomes").log(OUTCOMES)[0]?.headers[HEADERS.reward]).toBeUndefined();
    bus.stop();
  });

  it("records one outcome however often the request comes", async () => {
    const bus = new FakeBus({ replicas: 3 });
    await writeLog(bus, failed);
    for (let times = 0; times < 3; times += 1) await settle(depsOn(bus), request({}).delivery);
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });

  it("leaves an attempt that stopped by itself to its grader", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const { delivery, ends } = request({ sender: "worker" });
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toEqual([]);
    bus.stop();
  });

  it("takes a grader's word on a log that stopped", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const { delivery } = request({ sender: "grader", failureClass: "config", code: "grader_import_missing" });
    await settle(depsOn(bus), delivery);
    expect(outcomesOf(bus)).toMatchObject([
      { end: { failureClass: "config", code: "grader_import_missing" } },
    ]);
    bus.stop();
  });

  it("ends an attempt by its outcome alone when the log does not fold", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const headers = { [HEADERS.append]: "x:9", [HEADERS.attempt]: "0", [HEADERS.number]: "9" };
    await bus.connect("broken").publish({ subject: EVENTS, payload: new Uint8Array([1, 2]), headers });
    await settle(depsOn(bus), request({}).delivery);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal", code: "log_corrupt" } }]);
    bus.stop();
  });
});

describe("ending an attempt from outside", () => {
  const cancelled = {
    failureClass: "cancelled",
    code: "job_interrupted",
    cause: "stop",
    evidence: {},
  } as const;

  it("fences the driver of a running attempt before it records the outcome", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus);
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    expect(await endAttempt(depsOn(bus), end, { unlessSealed: true })).toBe(true);
    const state = await readRollout(bus.connect("reader"), REF);
    expect(state.attempts[0]?.seal).toMatchObject({ kind: "cancelled", code: "job_interrupted" });
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });

  it("ends an attempt that never began without writing a log", async () => {
    const bus = new FakeBus({ replicas: 1 });
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    expect(await endAttempt(depsOn(bus), end, { unlessSealed: true })).toBe(true);
    expect(bus.stream("events").log(EVENTS)).toEqual([]);
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });

  it("records nothing beside an outcome that is there", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, failed);
    await settle(depsOn(bus), request({}).delivery);
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    expect(await endAttempt(depsOn(bus), end, { unlessSealed: false })).toBe(false);
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });
});
