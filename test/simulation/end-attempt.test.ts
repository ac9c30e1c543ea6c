import { describe, expect, it } from "vitest";
import { endAttempt } from "../../src/job/end-attempt.ts";
import { settle } from "../../src/job/settle-flow.ts";
import { readRollout } from "../../src/rollout/read-rollout.ts";
import { FakeBus } from "../support/bus/fake-bus.ts";
import {
  depsOn,
  EVENTS,
  failed,
  LOST,
  openLog,
  outcomesOf,
  REF,
  request,
  writeLog,
} from "../support/job/settle-world.ts";

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
