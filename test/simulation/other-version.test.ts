import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../src/bus/envelope.ts";
import { HEADERS } from "../../src/bus/port.ts";
import { eventsSubject } from "../../src/bus/subjects.ts";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { EventBatchSchema } from "../../src/gen/rollyard/v1/events_pb.ts";
import {
  AssignmentSchema,
  GradeRequestSchema,
  SettleRequestSchema,
} from "../../src/gen/rollyard/v1/work_pb.ts";
import { gradeDelivery } from "../../src/grader/grade-flow.ts";
import { settle } from "../../src/job/settle-flow.ts";
import { EVENT_SCHEMA_VERSION } from "../../src/rollout/log-message.ts";
import { FakeBus } from "../support/bus/fake-bus.ts";
import { FlowWorld } from "../support/grader/flow-world.ts";
import { attemptMessages, gradeDeliveryOf, settleSubjectOf } from "../support/grader/stopped-rollout.ts";
import { depsOn, EVENTS, outcomesOf, request, writeLog } from "../support/job/settle-world.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;
const APART = "nak 60000";

/** The same events as a later version would store them. */
function newer(payload: Uint8Array): Uint8Array {
  const batch = fromBinary(EventBatchSchema, payload);
  return toBinary(EventBatchSchema, { ...batch, schemaVersion: EVENT_SCHEMA_VERSION + 1 });
}

const schemaVersion = SCHEMA_VERSION + 1;
const MESSAGE = {
  payload: newer(new Uint8Array()),
  headers: { [HEADERS.append]: "x:9", [HEADERS.attempt]: "0", [HEADERS.number]: "9" },
};

describe("what a later version wrote, in the middle of an upgrade", () => {
  it.each([1, 21])(
    "is no damage to a grader, which leaves it to another (delivery %i)",
    async (deliveries) => {
      const world = new FlowWorld();
      const [first, second, third] = attemptMessages({});
      if (first === undefined || second === undefined || third === undefined) throw new TypeError("three");
      world.store.store(first);
      world.store.store(second);
      const lastSequence = world.store.store({ ...third, payload: newer(third.payload) });
      const delivery = gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries });
      const end = await gradeDelivery(delivery, world.deps, world.drain);
      // One that came back for so long is somebody's to look at.
      const isSetAside = deliveries === 21;
      expect(end.kind).toBe(isSetAside ? "settled" : "given_back");
      expect(delivery.did).toEqual([isSetAside ? "ack" : APART]);
      expect(world.outcomes).toEqual([]);
      expect(world.store.on(settleSubjectOf(0))).toHaveLength(isSetAside ? 1 : 0);
    },
  );

  it("is left alone as a request to grade", async () => {
    const world = new FlowWorld();
    const payload = toBinary(GradeRequestSchema, create(GradeRequestSchema, { schemaVersion }));
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence: 1 }, { payload });
    await gradeDelivery(delivery, world.deps, world.drain);
    expect(delivery.did).toEqual([APART]);
    expect(world.store.on(settleSubjectOf(0))).toEqual([]);
  });

  it("is left alone as a snapshot of a job by workers, and its rollout goes on where it is read", async () => {
    const world = new WorkerWorld({ sample: async () => modelAnswer() });
    let tries = 0;
    const play = async (): Promise<void> => {
      await world.dispatch(0);
      const made = await world.worker("worker", {
        setupFor: async () => {
          tries += 1;
          // An upgrade that hangs: the last but two deliveries before work is set aside come after hours.
          if (tries < 18) throw new RollyardError("other_version");
          return world.setup(made);
        },
      });
      await world.until(() => world.inWork("rollout").length === 0);
      expect([world.inWork("settle"), world.inWork("grade")]).toEqual([[], [0]]);
      expect(world.clock.monotonicMs()).toBeGreaterThan(3 * HOUR_MS);
    };
    await world.clock.run(play(), 5 * HOUR_MS);
  });

  it("is left alone as a log or an assignment by workers, for as long as an upgrade takes", async () => {
    const world = new WorkerWorld();
    const play = async (): Promise<void> => {
      const subject = eventsSubject(world.ref(0));
      await world.bus.connect("newer").publish({ subject, ...MESSAGE });
      await world.dispatch(0);
      await world.dispatch(1, toBinary(AssignmentSchema, create(AssignmentSchema, { schemaVersion })));
      await world.worker("worker");
      await world.clock.sleep(600_000);
      expect([world.inWork("settle"), world.inWork("rollout")]).toEqual([[], [0, 1]]);
      expect(world.bus.stream("events").log(subject)).toHaveLength(1);
    };
    await world.clock.run(play(), HOUR_MS);
  });

  it.each([1, 21])("is no reason for a controller to end an attempt (delivery %i)", async (deliveries) => {
    const bus = new FakeBus({ replicas: 1 });
    await writeLog(bus);
    await bus.connect("newer").publish({ subject: EVENTS, ...MESSAGE });
    const asked = request({}, { deliveries });
    await settle(depsOn(bus), asked.delivery);
    const payload = toBinary(SettleRequestSchema, create(SettleRequestSchema, { schemaVersion }));
    await settle(depsOn(bus), { ...asked.delivery, payload });
    expect(asked.ends).toEqual(["nak", "nak"]);
    expect(outcomesOf(bus)).toEqual([]);
    bus.stop();
  });
});
