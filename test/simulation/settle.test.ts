import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { HEADERS } from "../../src/bus/port.ts";
import type { WorkDelivery } from "../../src/bus/port.ts";
import { AttemptRefSchema, SettleRequestSchema } from "../../src/gen/rollyard/v1/work_pb.ts";
import type { SettleRequest } from "../../src/gen/rollyard/v1/work_pb.ts";
import { endAttempt } from "../../src/job/end-attempt.ts";
import { outcomeSummary } from "../../src/job/outcome-summary.ts";
import { settle } from "../../src/job/settle-flow.ts";
import type { SettleDeps } from "../../src/job/settle-flow.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { EMPTY_DIGEST } from "../../src/rollout/digest.ts";
import { EventAppender } from "../../src/rollout/event-appender.ts";
import { newEvent } from "../../src/rollout/events.ts";
import type { RolloutEvent } from "../../src/rollout/events.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { textOf } from "../../src/rollout/inline-text.ts";
import { readRollout } from "../../src/rollout/read-rollout.ts";
import { VirtualClock } from "../support/simulation/virtual-clock.ts";
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

function depsOn(bus: FakeBus): SettleDeps {
  const { signal } = new AbortController();
  const contentOf = () => ({ item: { question: "what?" }, policyVersion: "p1" });
  const world = { clock: systemClock, ids: randomIds, signal, logger: silentLogger, contentOf };
  return { bus: bus.connect("controller"), ...world };
}

/** A log with an attached driver, and the given end. */
function writeLog(bus: FakeBus, ...end: RolloutEvent[]): Promise<number> {
  return openLog(bus, { attempt: 0, lastSequence: 0 }, end);
}

/** Opens an attempt as a worker does that believes the log to end at `lastSequence`. */
function openLog(
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

const stopped = newEvent(2, { case: "rolloutStopped", value: { reason: "answered" } });
const failed = newEvent(2, { case: "attemptFailed", value: { ...LOST } });

type RequestFields = Partial<Pick<SettleRequest, "sender" | "failureClass" | "code" | "outcomeAfter">>;

function request(
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

async function putWork(bus: FakeBus, kind: "rollout" | "grade"): Promise<void> {
  const subject = `rollyard.work.${kind}.ns.0123456789ab.1-2.0`;
  await bus.connect("other").publish({ subject, payload: new Uint8Array() });
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
    await putWork(bus, "grade");
    const { delivery, ends } = request({ sender: "worker" });
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toEqual([]);
    bus.stop();
  });

  it("waits while a worker may still ask for the grade of an attempt that another gave up", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    await putWork(bus, "rollout");
    const { delivery, ends } = request({ sender: "worker" });
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["nak"]);
    expect(outcomesOf(bus)).toEqual([]);
    bus.stop();
  });

  it("ends an attempt that stopped and was given up before anyone asked for its grade", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const { delivery, ends } = request({ sender: "worker", code: "worker_poison" });
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal", code: "worker_poison" } }]);
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

  it("takes no grader's word for what no grader can know", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const said = request({ sender: "grader", failureClass: "model", code: "model_server_error" });
    await settle(depsOn(bus), said.delivery);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal" } }]);
    bus.stop();
  });

  it("records why an attempt was cancelled, whoever asks to settle it", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, newEvent(2, { case: "rolloutCancelled", value: { code: "job_deadline" } }));
    await settle(
      depsOn(bus),
      request({ sender: "grader", failureClass: "grader", code: "grader_failed" }).delivery,
    );
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "cancelled", code: "job_deadline" } }]);
    bus.stop();
  });

  it("finds the place in the chain of a request that names another", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const { delivery, ends } = request({ sender: "grader", outcomeAfter: 77n });
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toMatchObject([{ attempt: 0 }]);
    bus.stop();
  });

  it("gives a request that it can't read back, and settles it by its subject when it came too often", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    const payload = new Uint8Array([1, 2]);
    const early = request({}, { payload });
    await settle(depsOn(bus), early.delivery);
    expect(early.ends).toEqual(["nak"]);
    expect(outcomesOf(bus)).toEqual([]);
    const late = request({}, { payload, deliveries: 21 });
    await settle(depsOn(bus), late.delivery);
    expect(late.ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toMatchObject([{ attempt: 0, end: { failureClass: "internal" } }]);
    bus.stop();
  });

  it("waits for a bus that does not answer, beating, instead of giving the request back", async () => {
    const clock = new VirtualClock();
    const bus = new FakeBus({ replicas: 1, clock });
    let beats = 0;
    const { delivery, ends } = request({}, { working: () => void (beats += 1) });
    const play = async (): Promise<void> => {
      await writeLog(bus, failed);
      void clock.sleep(300_000).then(() => bus.up());
      bus.down();
      await settle({ ...depsOn(bus), clock }, delivery);
    };
    await clock.run(play(), 600_000);
    expect(ends).toEqual(["ack"]);
    expect(beats).toBeGreaterThan(15);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "sandbox", code: "sandbox_lost" } }]);
  });

  it("does not read the log for a request that came again and again", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, failed);
    const { bus: client, ...rest } = depsOn(bus);
    const read = () => Promise.reject(new Error("reading it is what fails"));
    const deps = {
      ...rest,
      bus: {
        publish: client.publish.bind(client),
        readLast: client.readLast.bind(client),
        subjects: client.subjects.bind(client),
        read,
      },
    };
    const often = request({}, { deliveries: 21 });
    await settle(deps, often.delivery);
    expect(often.ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal" } }]);
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
    expect(await endAttempt(depsOn(bus), end, { unlessStopped: true, sealsEmpty: true })).toBe("recorded");
    const state = await readRollout(bus.connect("reader"), REF);
    expect(state.attempts[0]?.seal).toMatchObject({ kind: "cancelled", code: "job_interrupted" });
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });

  it("seals an attempt that never began, so that a late worker can't begin it and the next attempt folds", async () => {
    const bus = new FakeBus({ replicas: 1 });
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    expect(await endAttempt(depsOn(bus), end, { unlessStopped: true, sealsEmpty: true })).toBe("recorded");
    expect(outcomesOf(bus)).toHaveLength(1);
    await expect(writeLog(bus)).rejects.toMatchObject({ code: "log_conflict" });
    const { lastSequence } = await readRollout(bus.connect("reader"), REF);
    await openLog(bus, { attempt: 1, lastSequence });
    const { attempts } = await readRollout(bus.connect("reader"), REF);
    expect(attempts).toMatchObject([
      { attempt: 0, item: { question: "what?" }, policyVersion: "p1", seal: { code: "job_interrupted" } },
      { attempt: 1, seal: null },
    ]);
    bus.stop();
  });

  it("seals a later attempt that never began behind the one before it", async () => {
    const bus = new FakeBus({ replicas: 3 });
    await writeLog(bus, failed);
    await settle(depsOn(bus), request({}).delivery);
    const [first] = outcomesOf(bus);
    const end = { ref: { ...REF, attempt: 1 }, outcomeAfter: first?.sequence ?? 0, failure: LOST };
    expect(await endAttempt(depsOn(bus), end, { unlessStopped: true, sealsEmpty: true })).toBe("recorded");
    const { attempts } = await readRollout(bus.connect("reader"), REF);
    expect(attempts).toMatchObject([{ attempt: 0 }, { attempt: 1, seal: { failure: LOST } }]);
    expect(outcomesOf(bus)).toMatchObject([{ attempt: 0 }, { attempt: 1 }]);
    bus.stop();
  });

  it("writes no log for an attempt that was never dispatched", async () => {
    const bus = new FakeBus({ replicas: 1 });
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    expect(await endAttempt(depsOn(bus), end, { unlessStopped: false, sealsEmpty: false })).toBe("recorded");
    expect(bus.stream("events").log(EVENTS)).toEqual([]);
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });

  it("leaves the log of a later attempt alone when an overtaken request comes late", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await openLog(bus, { attempt: 1, lastSequence: 0 });
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    await endAttempt(depsOn(bus), end, { unlessStopped: true, sealsEmpty: true });
    expect(bus.stream("events").log(EVENTS)).toHaveLength(1);
    bus.stop();
  });

  it("records nothing beside an outcome that is there", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, failed);
    await settle(depsOn(bus), request({}).delivery);
    const end = { ref: REF, outcomeAfter: 0, failure: cancelled };
    expect(await endAttempt(depsOn(bus), end, { unlessStopped: false, sealsEmpty: true })).toBe("ended");
    expect(outcomesOf(bus)).toHaveLength(1);
    bus.stop();
  });
});
