import { describe, expect, it } from "vitest";
import { ENDPOINT, FlowWorld } from "../../test/support/grader/flow-world.ts";
import type { Fault, Operation } from "../../test/support/grader/memory-log-store.ts";
import {
  EVENTS,
  FAILED,
  OUTCOMES,
  gradeDeliveryOf,
  settleSubjectOf,
  writeAttempt,
  writeOutcome,
} from "../../test/support/grader/stopped-rollout.ts";
import { HEADERS } from "../bus/port.ts";
import { gradeDelivery } from "./grade-flow.ts";

/** Lets the first operations that match go wrong, one after the other. */
function firstFaults(wanted: Partial<Operation>, faults: readonly Fault[]): (operation: Operation) => Fault {
  const left = [...faults];
  return (operation) => {
    const matches =
      (wanted.kind ?? operation.kind) === operation.kind &&
      (wanted.subject ?? operation.subject) === operation.subject;
    return matches ? (left.shift() ?? "none") : "none";
  };
}

const publishOutcome = { kind: "publish", subject: OUTCOMES } as const;

describe("grading a delivery", () => {
  it("records the outcome on the chain, then acknowledges", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    let storedAtAck = 0;
    const delivery = gradeDeliveryOf(
      { attempt: 0, lastSequence },
      {
        onAck: () => {
          storedAtAck = world.outcomes.length;
        },
      },
    );
    const end = await gradeDelivery(delivery, world.deps, world.drain);
    expect(end).toMatchObject({ kind: "graded", result: { reward: 1, passed: true } });
    expect(delivery.did).toEqual(["ack"]);
    expect(storedAtAck).toBe(1);
    expect(world.outcomes).toMatchObject([
      {
        outcome: "graded",
        reward: 1,
        passed: true,
        subRewards: { exact: 1 },
        usage: { promptTokens: 10, completionTokens: 2 },
        lastSeq: BigInt(lastSequence),
        ref: { jobUid: "0123456789ab", itemIndex: 3, sampleIndex: 1, attempt: 0 },
      },
    ]);
    expect(world.store.on(OUTCOMES)[0]?.headers).toEqual({
      [HEADERS.append]: "grader-1:1",
      [HEADERS.attempt]: "0",
      [HEADERS.outcome]: "graded",
      [HEADERS.reward]: "1",
      [HEADERS.promptTokens]: "10",
      [HEADERS.completionTokens]: "2",
    });
  });

  it("grades a later attempt after the failed one before it, from its own part of the log", async () => {
    const world = new FlowWorld();
    writeAttempt(world.store, 0, { answer: "4", seal: FAILED });
    const outcomeAfter = writeOutcome(world.store, 0, "failed");
    const lastSequence = writeAttempt(world.store, 1, { answer: "5" });
    const delivery = gradeDeliveryOf({ attempt: 1, lastSequence, outcomeAfter });
    await gradeDelivery(delivery, world.deps, world.drain);
    expect(world.outcomes).toMatchObject([{ reward: 0, ref: { attempt: 1 } }]);
    expect(delivery.did).toEqual(["ack"]);
  });

  it.each<[string, readonly Fault[]]>([
    ["its answer is lost after it was stored", ["lost_after"]],
    ["it is lost before it is stored", ["lost_before", "lost_before"]],
    ["another publish is in flight", ["in_flight", "in_flight"]],
    ["the stream is full for a while", ["full", "full", "full"]],
    ["everything happens in turn", ["full", "in_flight", "lost_before", "lost_after"]],
  ])("records one outcome when %s", async (_case, faults) => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    world.store.fault = firstFaults(publishOutcome, faults);
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence });
    const end = await gradeDelivery(delivery, world.deps, world.drain);
    expect(end.kind).toBe("graded");
    expect(world.outcomes).toHaveLength(1);
    expect(delivery.did).toEqual(["ack"]);
    expect(world.graderRuns).toBe(1);
  });

  it("acknowledges a second delivery without grading when the first crashed before its acknowledgement", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    const crash = (): never => {
      throw new Error("crashed");
    };
    const first = gradeDeliveryOf({ attempt: 0, lastSequence }, { onAck: crash });
    await expect(gradeDelivery(first, world.deps, world.drain)).rejects.toThrow("crashed");
    const second = gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries: 2 });
    const end = await gradeDelivery(second, world.deps, world.drain);
    expect(end.kind).toBe("ended_before");
    expect(second.did).toEqual(["ack"]);
    expect(world.outcomes).toHaveLength(1);
    expect(world.graderRuns).toBe(1);
  });

  it("gives way to another outcome of the attempt that is stored while it grades", async () => {
    const world = new FlowWorld();
    world.spec = ENDPOINT;
    const lastSequence = writeAttempt(world.store, 0);
    world.reply = () => {
      writeOutcome(world.store, 0, "failed");
      return { kind: "answered", status: 200, body: '{"score": 1}', retryAfterMs: null };
    };
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence });
    expect(await gradeDelivery(delivery, world.deps, world.drain)).toMatchObject({ kind: "ended_before" });
    expect(world.store.on(OUTCOMES)).toHaveLength(1);
    expect(delivery.did).toEqual(["ack"]);
  });

  it("drops the request of an attempt that a later attempt has overtaken", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    writeOutcome(world.store, 1, "failed");
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence });
    expect(await gradeDelivery(delivery, world.deps, world.drain)).toMatchObject({ kind: "ended_before" });
    expect(delivery.did).toEqual(["ack"]);
    expect(world.outcomes).toHaveLength(0);
  });

  it("two graders of one request record one outcome between them", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    const ends = await Promise.all(
      [1, 2].map((deliveries) =>
        gradeDelivery(gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries }), world.deps, world.drain),
      ),
    );
    expect(ends.map(({ kind }) => kind).toSorted()).toEqual(["ended_before", "graded"]);
    expect(world.outcomes).toHaveLength(1);
  });

  it.each([
    ["without headers", {}],
    [
      "without the append header",
      { [HEADERS.attempt]: "0", [HEADERS.outcome]: "graded", [HEADERS.reward]: "1" },
    ],
    [
      "with a reward that is no number",
      {
        [HEADERS.append]: "x:1",
        [HEADERS.attempt]: "0",
        [HEADERS.outcome]: "graded",
        [HEADERS.reward]: "NaN",
      },
    ],
  ])(
    "steps over a message %s at the end of the chain, which is void to every reader",
    async (_case, headers) => {
      const world = new FlowWorld();
      const lastSequence = writeAttempt(world.store, 0);
      world.store.store({ subject: OUTCOMES, payload: new Uint8Array([1]), headers });
      const delivery = gradeDeliveryOf({ attempt: 0, lastSequence });
      expect((await gradeDelivery(delivery, world.deps, world.drain)).kind).toBe("graded");
      expect(world.store.on(OUTCOMES).map(({ headers }) => headers[HEADERS.append])).toContain("grader-1:1");
      expect(delivery.did).toEqual(["ack"]);
    },
  );

  it("waits for a replica that lags behind and for a bus that does not answer", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    const stale = firstFaults(
      { kind: "read", subject: EVENTS },
      Array.from({ length: 20 }, () => "stale"),
    );
    const lost = firstFaults(
      { kind: "readLast" },
      Array.from({ length: 20 }, () => "unavailable"),
    );
    world.store.fault = (operation) => (operation.kind === "read" ? stale(operation) : lost(operation));
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence });
    expect((await gradeDelivery(delivery, world.deps, world.drain)).kind).toBe("graded");
    expect(delivery.did).toEqual(["ack"]);
  });
});

describe("a delivery that can't be graded", () => {
  it("and came back more than 20 times is settled without a look at its log, which may be what ends its graders", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    const looks: string[] = [];
    world.store.fault = ({ kind, subject }) => {
      if (kind !== "publish" && subject === EVENTS) looks.push(kind);
      return "none";
    };
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries: 21 });
    expect((await gradeDelivery(delivery, world.deps, world.drain)).kind).toBe("settled");
    expect(looks).toEqual([]);
  });

  it.each<[string, (world: FlowWorld) => ReturnType<typeof gradeDeliveryOf>, object]>([
    [
      "whose log was sealed by a failure",
      (world) =>
        gradeDeliveryOf({ attempt: 0, lastSequence: writeAttempt(world.store, 0, { seal: FAILED }) }),
      { failureClass: "internal", code: "log_conflict", evidence: { seal: "failed" } },
    ],
    [
      "whose log has no seal",
      (world) => gradeDeliveryOf({ attempt: 0, lastSequence: writeAttempt(world.store, 0, { seal: null }) }),
      { failureClass: "internal", code: "log_conflict", evidence: { seal: "none" } },
    ],
    [
      "whose log is another attempt's",
      (world) => {
        writeAttempt(world.store, 0, { seal: FAILED });
        const outcomeAfter = writeOutcome(world.store, 0, "failed");
        return gradeDeliveryOf({ attempt: 1, lastSequence: 3, outcomeAfter });
      },
      { failureClass: "internal", code: "log_conflict", evidence: { attempt: "0" } },
    ],
    [
      "whose log ends before its seal, on the leader too",
      (world) => gradeDeliveryOf({ attempt: 0, lastSequence: writeAttempt(world.store, 0) + 5 }),
      { failureClass: "internal", code: "log_conflict" },
    ],
    [
      "whose log does not match its digest",
      (world) => {
        const lastSequence = writeAttempt(world.store, 0);
        world.store.on(EVENTS)[2]?.payload.reverse();
        return gradeDeliveryOf({ attempt: 0, lastSequence });
      },
      { failureClass: "internal", code: "log_corrupt" },
    ],
    [
      "whose chain of outcomes stands elsewhere",
      (world) =>
        gradeDeliveryOf({ attempt: 1, lastSequence: writeAttempt(world.store, 1), outcomeAfter: 99 }),
      { failureClass: "internal", code: "log_conflict", evidence: { expected: "99", found: "0" } },
    ],
    [
      "that came back more than 20 times",
      (world) =>
        gradeDeliveryOf({ attempt: 0, lastSequence: writeAttempt(world.store, 0) }, { deliveries: 21 }),
      { failureClass: "grader", code: "grader_failed", evidence: { deliveries: "21" } },
    ],
    [
      "whose payload is no request",
      () => gradeDeliveryOf({ attempt: 0, lastSequence: 1 }, { payload: new Uint8Array([255, 1]) }),
      { failureClass: "internal", code: "internal" },
    ],
    [
      "whose grader names a missing key of the item",
      (world) => {
        world.spec = {
          ...world.spec,
          type: "string_check",
          operation: "eq",
          input: "",
          reference: "{{ item.no }}",
          name: "x",
        };
        return gradeDeliveryOf({ attempt: 0, lastSequence: writeAttempt(world.store, 0) });
      },
      { failureClass: "config", code: "template_error" },
    ],
    [
      "whose grader fails three times",
      (world) => {
        world.spec = ENDPOINT;
        world.reply = () => ({ kind: "answered", status: 200, body: "{}", retryAfterMs: null });
        return gradeDeliveryOf({ attempt: 0, lastSequence: writeAttempt(world.store, 0) });
      },
      { failureClass: "grader", code: "grader_bad_answer" },
    ],
  ])("%s is settled, then acknowledged; no outcome is published", async (_case, prepare, expected) => {
    const world = new FlowWorld();
    const delivery = prepare(world);
    const before = world.store.on(OUTCOMES).length;
    expect(await gradeDelivery(delivery, world.deps, world.drain)).toMatchObject({ kind: "settled" });
    const attempt = delivery.subject.endsWith(".1") ? 1 : 0;
    expect(world.settleOf(attempt)).toMatchObject({ ...expected, sender: "grader" });
    expect(delivery.did).toEqual(["ack"]);
    expect(world.store.on(OUTCOMES)).toHaveLength(before);
  });

  it.each<[string, readonly Fault[]]>([
    ["its answer is lost", ["lost_after"]],
    ["it is lost", ["lost_before"]],
    ["the stream is full for a while", ["full", "full"]],
  ])("has one settle request when %s", async (_case, faults) => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    world.store.fault = firstFaults({ kind: "publish" }, faults);
    world.withController();
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries: 21 });
    await gradeDelivery(delivery, world.deps, world.drain);
    expect(world.store.on(settleSubjectOf(0))).toHaveLength(1);
    expect(delivery.did).toEqual(["ack"]);
  });

  it("is given back by a drain while another's settle request is in the way of its own", async () => {
    const world = new FlowWorld();
    const lastSequence = writeAttempt(world.store, 0);
    world.store.store({ subject: settleSubjectOf(0), payload: new Uint8Array([1]) });
    let asked = 0;
    world.store.fault = ({ kind, subject }) => {
      if (kind === "publish" && subject === settleSubjectOf(0) && (asked += 1) === 4) world.soft.abort();
      return "none";
    };
    const delivery = gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries: 21 });
    const end = await gradeDelivery(delivery, world.deps, world.drain);
    expect(end).toEqual({ kind: "given_back", reason: "drain" });
    expect({ asked, did: delivery.did }).toEqual({ asked: 4, did: ["nak"] });
  });

  it("is given back when it is the request of something else", async () => {
    const world = new FlowWorld();
    const regrade = { ...gradeDeliveryOf({ attempt: 0, lastSequence: 1 }) };
    const delivery = { ...regrade, subject: "rollyard.work.grade.team.0123456789ab.3-1.r-series" };
    expect(await gradeDelivery(delivery, world.deps, world.drain)).toMatchObject({ reason: "foreign" });
    expect(delivery.did).toEqual(["nak 60000"]);
  });
});
