import { describe, expect, it } from "vitest";
import { changedConditions, jobConditions, waitingFor } from "./job-conditions.ts";
import type { Condition, ConditionFacts } from "./job-conditions.ts";

const RUNNING: ConditionFacts = {
  end: null,
  isSuspended: false,
  rollouts: { total: 4, graded: 1, failed: 0 },
  isBusDown: false,
  fullStreams: [],
  silentStreams: [],
  startsFailing: null,
  throttled: [],
};
const ENDED = { condition: "Complete", reason: "SomeUngraded", message: "1 of 4 has none." } as const;

const at = (facts: Partial<ConditionFacts>, nowMs = 0, before: readonly Condition[] = []) =>
  jobConditions({ ...RUNNING, ...facts }, nowMs, before);

/** The conditions that are True, with their reasons. */
const trueOnes = (conditions: readonly Condition[]): readonly string[] =>
  conditions.filter(({ status }) => status === "True").map(({ type, reason }) => `${type} ${reason}`);

describe("the conditions of a job", () => {
  it.each<readonly [string, Partial<ConditionFacts>, readonly string[]]>([
    ["goes on", {}, ["Progressing RolloutsLeft"]],
    ["was interrupted", { isSuspended: true }, ["Suspended Interrupted"]],
    ["has ended", { end: ENDED }, ["Complete SomeUngraded"]],
    ["has failed", { end: { ...ENDED, condition: "Failed", reason: "AllFailing" } }, ["Failed AllFailing"]],
    [
      "waits for a model",
      { throttled: ["http://m"] },
      ["Progressing RolloutsLeft", "Backpressure ModelThrottled"],
    ],
    ["starts no sandbox", { startsFailing: "x" }, ["Progressing RolloutsLeft", "Backpressure Unschedulable"]],
    [
      "waits for several things: the outermost",
      { isBusDown: true, fullStreams: ["events"], throttled: ["http://m"] },
      ["Progressing RolloutsLeft", "Backpressure BusUnavailable"],
    ],
    [
      "has ended, whatever it waited for",
      { end: ENDED, fullStreams: ["events"], isSuspended: true },
      ["Complete SomeUngraded"],
    ],
  ])("say that it %s", (_what, facts, expected) => {
    expect(trueOnes(at(facts))).toEqual(expected);
  });

  it("name the streams that answer nothing, and what to do", () => {
    const found = at({ silentStreams: ["events", "work"] }).find(({ type }) => type === "Backpressure");
    expect(found).toMatchObject({ status: "True", reason: "StreamSilent" });
    expect(found?.message).toContain("(events, work): if the disk of nats-server is full");
  });

  it("say all that holds a job up in their message", () => {
    const message = at({ fullStreams: ["events"], throttled: ["http://m"] }).find(
      ({ type }) => type === "Backpressure",
    );
    expect(message?.message).toMatch(/streams \(events\): .* 429: http:\/\/m\.$/u);
  });

  it("keep the time of a status while it stays, whatever its reason", () => {
    const first = at({ throttled: ["a"] }, 1000);
    const second = at({ fullStreams: ["events"] }, 2000, first);
    const third = at({}, 3000, second);
    const times = [first, second, third].map(
      (conditions) => conditions.find(({ type }) => type === "Backpressure")?.lastTransitionTime,
    );
    expect(times).toEqual([1000, 1000, 3000].map((ms) => new Date(ms).toISOString()));
    expect(changedConditions(first, second).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Backpressure StreamFull",
    ]);
    expect(changedConditions(second, at({ fullStreams: ["events"] }, 9000, second))).toEqual([]);
  });

  it("give what is waited for in a few words", () => {
    expect(waitingFor(at({ throttled: ["a"] }))).toBe("model throttled");
    expect(waitingFor(at({}))).toBeNull();
  });
});
