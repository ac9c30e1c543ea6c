import { describe, expect, it } from "vitest";
import { ENDPOINT, FlowWorld } from "../../test/support/grader/flow-world.ts";
import {
  OUTCOMES,
  gradeDeliveryOf,
  writeAttempt,
  writeOutcome,
} from "../../test/support/grader/stopped-rollout.ts";
import { gradeDelivery } from "./grade-flow.ts";

describe("a grader that waits", () => {
  const unavailable = { kind: "answered", status: 503, body: "", retryAfterMs: null } as const;

  function waitingWorld(): { world: FlowWorld; delivery: ReturnType<typeof gradeDeliveryOf> } {
    const world = new FlowWorld();
    world.spec = ENDPOINT;
    world.reply = () => unavailable;
    const lastSequence = writeAttempt(world.store, 0);
    return { world, delivery: gradeDeliveryOf({ attempt: 0, lastSequence }) };
  }

  it("stops when the attempt gets its outcome from elsewhere", async () => {
    const { world, delivery } = waitingWorld();
    world.reply = (call) => {
      if (call === 5) writeOutcome(world.store, 0, "failed");
      return unavailable;
    };
    expect(await gradeDelivery(delivery, world.deps, world.drain)).toMatchObject({ kind: "ended_before" });
    expect(world.endpointCalls).toBe(5);
    expect(world.store.on(OUTCOMES)).toHaveLength(1);
    expect(delivery.did).toEqual(["ack"]);
  });

  it("is told once in the log, and once more when it waits no longer", async () => {
    const { world, delivery } = waitingWorld();
    world.reply = (call) => (call < 6 ? unavailable : { ...unavailable, status: 200, body: '{"score": 1}' });
    expect(await gradeDelivery(delivery, world.deps, world.drain)).toMatchObject({ kind: "graded" });
    const about = { grader: "endpoint", code: "grader_unreachable" };
    expect(world.log.notes.filter(([level]) => level !== "debug")).toEqual([
      ["warn", "graders wait", about],
      ["info", "graders wait no more", about],
    ]);
  });

  it("is given back by a drain at once, and nothing is published", async () => {
    const { world, delivery } = waitingWorld();
    world.reply = (call) => {
      if (call === 3) world.soft.abort();
      return unavailable;
    };
    const end = await gradeDelivery(delivery, world.deps, world.drain);
    expect(end).toEqual({ kind: "given_back", reason: "drain" });
    expect(delivery.did).toEqual(["nak"]);
    expect(world.store.on(OUTCOMES)).toHaveLength(0);
    expect(world.settleOf(0)).toBeNull();
  });

  it("is given back when a drain's time is over in the middle of a run", async () => {
    const { world, delivery } = waitingWorld();
    world.reply = () => {
      world.soft.abort();
      world.hard.abort();
      return { kind: "aborted" };
    };
    expect((await gradeDelivery(delivery, world.deps, world.drain)).kind).toBe("given_back");
    expect(delivery.did).toEqual(["nak"]);
    expect(world.store.on(OUTCOMES)).toHaveLength(0);
  });

  it("ends its grading when a drain leaves it the time", async () => {
    const { world, delivery } = waitingWorld();
    world.reply = () => {
      world.soft.abort();
      return { kind: "answered", status: 200, body: '{"score": 1}', retryAfterMs: null };
    };
    expect((await gradeDelivery(delivery, world.deps, world.drain)).kind).toBe("graded");
    expect(delivery.did).toEqual(["ack"]);
  });
});
