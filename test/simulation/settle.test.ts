import { describe, expect, it } from "vitest";
import { HEADERS } from "../../src/bus/port.ts";
import { EventBatchSchema } from "../../src/gen/rollyard/v1/events_pb.ts";
import { settle } from "../../src/job/settle-flow.ts";
import { newEvent } from "../../src/rollout/events.ts";
import { textOf } from "../../src/rollout/inline-text.ts";
import { readRollout } from "../../src/rollout/read-rollout.ts";
import { VirtualClock } from "../support/simulation/virtual-clock.ts";
import { encodeStored } from "../../src/bus/envelope.ts";
import { FakeBus } from "../support/bus/fake-bus.ts";
import {
  depsOn,
  driverOf,
  EVENTS,
  failed,
  moveOnToGrading,
  openLog,
  OUTCOMES,
  outcomesOf,
  putWork,
  REF,
  request,
  stopped,
  withOverrides,
  writeLog,
} from "../support/job/settle-world.ts";

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

  it("gives back at once what is of a job that is not known here yet", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, failed);
    const { delivery, ends } = request({});
    const deps = depsOn(bus);
    await settle({ ...deps, knows: ({ jobUid }) => jobUid !== REF.jobUid }, delivery);
    expect(ends).toEqual(["nak"]);
    expect(outcomesOf(bus)).toEqual([]);
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

  it("takes nobody's word for a log that does not fold: it does here", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus);
    await settle(depsOn(bus), request({ code: "log_corrupt" }).delivery);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal", code: "internal" } }]);
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

  it("leaves an attempt to its grader whose grade is asked for between two looks at the work", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    await putWork(bus, "rollout");
    const { bus: client, ...rest } = depsOn(bus);
    let looks = 0;
    const subjects: typeof client.subjects = async (stream, filter) => {
      const found = await client.subjects(stream, filter);
      if ((looks += 1) === 1) await moveOnToGrading(bus);
      return found;
    };
    const { delivery, ends } = request({ sender: "worker" });
    await settle({ ...rest, bus: withOverrides(client, { subjects }) }, delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toEqual([]);
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

describe("a settle request that came again and again", () => {
  const often = { deliveries: 21 };
  const unreadable = { read: () => Promise.reject(new Error("reading it is what fails")) };

  it("is settled by the seal of its log's last message, and no more is read", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, failed);
    const { bus: client, ...rest } = depsOn(bus);
    const { delivery, ends } = request({}, often);
    await settle({ ...rest, bus: withOverrides(client, unreadable) }, delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "sandbox", code: "sandbox_lost" } }]);
    bus.stop();
  });

  it.each([1, 3] as const)(
    "seals the open log first, so that nobody goes on in it (%i servers)",
    async (replicas) => {
      const bus = new FakeBus({ replicas });
      await writeLog(bus);
      const driver = await driverOf(bus);
      const { bus: client, ...rest } = depsOn(bus);
      const { delivery, ends } = request({ code: "worker_poison" }, often);
      await settle({ ...rest, bus: withOverrides(client, unreadable) }, delivery);
      expect(ends).toEqual(["ack"]);
      await expect(driver.append([stopped])).rejects.toMatchObject({ code: "log_conflict" });
      const { lastSequence } = await readRollout(bus.connect("reader"), REF);
      await openLog(bus, { attempt: 1, lastSequence });
      const { attempts } = await readRollout(bus.connect("reader"), REF);
      expect(attempts).toMatchObject([
        { seal: { failure: { code: "worker_poison" } } },
        { attempt: 1, seal: null },
      ]);
      expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal", code: "worker_poison" } }]);
      bus.stop();
    },
  );

  it("opens and seals the log of an attempt that never began, behind a message that is no writer's", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await bus.connect("stranger").publish({ subject: EVENTS, payload: new Uint8Array([1]) });
    await settle(depsOn(bus), request({}, often).delivery);
    const { attempts, voidMessages } = await readRollout(bus.connect("reader"), REF);
    expect({ attempts, voidMessages }).toMatchObject({
      attempts: [{ seal: { kind: "failed" } }],
      voidMessages: 1,
    });
    bus.stop();
  });

  it("is no reason to take an attempt that stopped from its grader", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus, stopped);
    await putWork(bus, "grade");
    const { delivery, ends } = request({ sender: "worker" }, often);
    await settle(depsOn(bus), delivery);
    expect(ends).toEqual(["ack"]);
    expect(outcomesOf(bus)).toEqual([]);
    bus.stop();
  });
});

describe("settling an attempt whose log does not fold", () => {
  it("counts the tokens of the turns that it still tells of", async () => {
    const bus = new FakeBus({ replicas: 1 });
    const usage = { promptTokens: 70, completionTokens: 7 };
    await writeLog(bus, newEvent(1, { case: "turnSampled", value: { messageJson: textOf("{}"), usage } }));
    const headers = { [HEADERS.append]: "x:9", [HEADERS.attempt]: "0", [HEADERS.number]: "9" };
    await bus.connect("broken").publish({ subject: EVENTS, payload: new Uint8Array([1, 2]), headers });
    await settle(depsOn(bus), request({}).delivery);
    expect(outcomesOf(bus)).toMatchObject([{ promptTokens: 70, completionTokens: 7 }]);
    bus.stop();
  });

  it("fences the driver that goes on with what it remembers", async () => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus);
    const headers = { [HEADERS.append]: "n:9", [HEADERS.attempt]: "0", [HEADERS.number]: "9" };
    const lost = { subject: EVENTS, payload: encodeStored(EventBatchSchema, { events: [] }), headers };
    await bus.connect("broken").publish(lost);
    const driver = await driverOf(bus);
    await settle(depsOn(bus), request({}).delivery);
    await expect(driver.append([stopped])).rejects.toMatchObject({ code: "log_conflict" });
    expect(outcomesOf(bus)).toMatchObject([{ end: { failureClass: "internal", code: "log_corrupt" } }]);
    bus.stop();
  });
});
