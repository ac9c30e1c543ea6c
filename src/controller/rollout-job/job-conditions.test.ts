import { describe, expect, it } from "vitest";
import { metaConditionSchema } from "../../lib/schema/meta-condition.ts";
import type { MetaCondition } from "./cached-job.ts";
import { clusterConditions, conditionEvents } from "./job-conditions.ts";
import type { ClusterFacts } from "./job-conditions.ts";

const calm: ClusterFacts = {
  end: null,
  isSuspended: false,
  rollouts: { total: 4, graded: 1, failed: 0 },
  isBusDown: false,
  fullStreams: [],
  silentStreams: [],
  throttled: [],
  blocked: null,
  pressure: null,
  recordLost: null,
  generation: 3,
};
const MISSING = {
  kind: "blocked",
  condition: "SecretNotFound",
  reason: "NoSuchSecret",
  message: 'There is no Secret "key".',
} as const;
const COMPLETE = {
  condition: "Complete",
  reason: "AllGraded",
  message: "All 4 rollouts have a reward.",
} as const;

const at = (facts: Partial<ClusterFacts>, before: readonly MetaCondition[] = [], nowMs = 1000) =>
  clusterConditions({ ...calm, ...facts }, nowMs, before);
const holding = (conditions: readonly MetaCondition[]) =>
  conditions.filter(({ status }) => status === "True").map(({ type, reason }) => `${type}/${reason}`);

describe("the conditions of a job on a cluster", () => {
  it.each<[string, Partial<ClusterFacts>, readonly string[]]>([
    ["say that it progresses", {}, ["Progressing/RolloutsLeft"]],
    ["name what it can't begin without", { blocked: MISSING }, ["SecretNotFound/NoSuchSecret"]],
    ["say that it is suspended", { isSuspended: true }, ["Suspended/SpecSuspend"]],
    ["say how it ended", { end: COMPLETE }, ["Complete/AllGraded"]],
    ["say that its record was lost", { recordLost: "Gone." }, ["RecordLost/StreamsShorterThanStatus"]],
    [
      "tell a spent quota from a cluster without room",
      { pressure: { reason: "Quota", message: "exceeded quota" } },
      ["Progressing/RolloutsLeft", "Backpressure/Quota"],
    ],
    [
      "and the other way round",
      { pressure: { reason: "Unschedulable", message: "0/3 nodes are available" } },
      ["Progressing/RolloutsLeft", "Backpressure/Unschedulable"],
    ],
  ])("%s", (_, facts, expected) => {
    const conditions = at(facts);
    expect(holding(conditions)).toEqual(expected);
    for (const condition of conditions) expect(metaConditionSchema.safeParse(condition).success).toBe(true);
  });

  it("keep what has passed as False, with the time of its passing", () => {
    const before = at({ blocked: MISSING }, [], 1000);
    const after = at({}, before, 5000);
    expect(after.find(({ type }) => type === "SecretNotFound")).toMatchObject({
      status: "False",
      lastTransitionTime: new Date(5000).toISOString(),
    });
  });

  it("keep the time of a status that stays", () => {
    const later = at({ rollouts: { total: 4, graded: 2, failed: 0 } }, at({}, [], 1000), 5000);
    expect(later.find(({ type }) => type === "Progressing")).toMatchObject({
      lastTransitionTime: new Date(1000).toISOString(),
      message: "2 of 4 rollouts graded, 0 failed.",
      observedGeneration: 3,
    });
  });
});

describe("events", () => {
  it("tell what has come to hold, once, and for which reason", () => {
    const blocked = at({ blocked: MISSING });
    expect(conditionEvents([], blocked)).toEqual([
      {
        type: "Warning",
        reason: "SecretNotFound",
        message: 'NoSuchSecret: There is no Secret "key".',
      },
    ]);
    expect(conditionEvents(blocked, at({ blocked: MISSING }, blocked))).toEqual([]);
    expect(conditionEvents(blocked, at({}, blocked)).map(({ reason }) => reason)).toEqual(["Progressing"]);
    expect(conditionEvents(blocked, at({ end: COMPLETE }, blocked))).toEqual([
      { type: "Normal", reason: "Complete", message: "All 4 rollouts have a reward." },
    ]);
  });
});
