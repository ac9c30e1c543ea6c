import { describe, expect, it } from "vitest";
import { diagnose, needsHand } from "./diagnose.ts";
import type { DoctorFacts } from "./doctor-facts.ts";
import type { LiveFacts } from "./live-facts.ts";

const LIVE: LiveFacts = {
  job: "small",
  jobUid: "0123456789ab",
  at: "2026-01-01T00:00:00.000Z",
  startTime: "2026-01-01T00:00:00.000Z",
  status: {
    rollouts: { total: 10, pending: 5, active: 2, grading: 1, graded: 2, failed: 0 },
    failures: {},
    attempts: { started: 5, retried: 0 },
    tokens: { prompt: 10, completion: 5 },
    reward: { mean: 1, stddev: 0, min: 1, max: 1, zeroVarianceGroups: 0 },
    gradedIndexes: "0-1",
    gradedIndexesTruncated: false,
  },
  conditions: [],
  budget: {
    retries: { taken: 0, most: 10 },
    tokens: { used: 15, most: null },
    rollouts: { started: 5, most: null },
    seconds: { elapsed: 60, most: null },
  },
  sandboxes: {
    ready: 0,
    starting: 0,
    leased: 2,
    waiting: 0,
    oldestWaitSeconds: null,
    failedStarts: 0,
    breaker: { state: "closed", consecutiveFailures: 0, lastCode: "", lastReason: "" },
  },
  endpoints: [],
  workers: [{ worker: "local", slots: 4, free: 2, throttled: false }],
  bus: { connected: true, restarts: 0, streams: [], work: [] },
  deliveries: [],
  progress: { lastEventSecondsAgo: 2, lastOutcomeSecondsAgo: 5 },
};

const RECORDED: DoctorFacts = {
  job: "small",
  state: { kind: "ended", condition: "Complete", reason: "AllGraded", message: "All have a reward." },
  recorded: { graded: 10, ungraded: 0 },
  recentFailures: [],
  commands: { resume: "RESUME", retry: "RETRY", list: "LIST", sandbox: "SANDBOX" },
  mostDeliveries: 3,
};

const running = (changes: Partial<LiveFacts>, facts: Partial<DoctorFacts> = {}): DoctorFacts => ({
  ...RECORDED,
  ...facts,
  state: { kind: "running", live: { ...LIVE, ...changes } },
});

/** What needs a hand, as `code: action`. */
const problems = (facts: DoctorFacts): readonly string[] =>
  diagnose(facts).flatMap(({ isProblem, code, action }) => (isProblem ? [`${code}: ${action}`] : []));

const work = (kind: "rollout" | "grade", changes: object = {}) => ({
  kind,
  waiting: 0,
  unacked: 1,
  redelivered: 0,
  pulls: 1,
  lastAckSecondsAgo: 3,
  oldest: { rollout: "3-1", attempt: 0, ageSeconds: 5 },
  ...changes,
});
const busOf = (...states: readonly ReturnType<typeof work>[]): LiveFacts["bus"] => ({
  ...LIVE.bus,
  work: [...states],
});

describe("what a doctor says of a job that runs", () => {
  it("is nothing but how it stands where all is well", () => {
    const facts = running({
      bus: busOf(work("rollout", { oldest: { rollout: "3-1", attempt: 0, ageSeconds: 4000 } })),
    });
    expect(problems(facts)).toEqual([]);
    expect(needsHand(diagnose(facts))).toBe(false);
    expect(diagnose(facts).length).toBeLessThanOrEqual(12);
    expect(diagnose(facts)[0]?.text).toContain(
      "2 of 10 rollouts graded, 0 failed, 2 active, 1 grading, 5 pending",
    );
  });

  it.each<readonly [string, Partial<LiveFacts>, string]>([
    [
      "nothing is recorded any more",
      { progress: { lastEventSecondsAgo: 1000, lastOutcomeSecondsAgo: null } },
      "stalled",
    ],
    [
      "the bus is away",
      { bus: { connected: false, restarts: 3, streams: null, work: null } },
      "bus_unavailable",
    ],
    ["its server had to be started again", { bus: { ...LIVE.bus, restarts: 1 } }, "nats_server_restarts"],
    [
      "no sandbox starts",
      {
        sandboxes: {
          ...LIVE.sandboxes,
          waiting: 3,
          oldestWaitSeconds: 9,
          breaker: {
            state: "open",
            consecutiveFailures: 5,
            lastCode: "sandbox_setup_failed",
            lastReason: "It failed.",
          },
        },
      },
      "starts_failing",
    ],
    [
      "claims wait long",
      { sandboxes: { ...LIVE.sandboxes, waiting: 3, oldestWaitSeconds: 100 } },
      "claims_waiting",
    ],
    [
      "an endpoint throttles",
      {
        endpoints: [
          { endpoint: "http://m", throttled: true, limit: 1, inFlight: 1, waiting: 4, pausedSeconds: 30 },
        ],
      },
      "model_throttled",
    ],
    [
      "a worker of another process is throttled",
      { workers: [{ worker: "w", slots: 1, free: 0, throttled: true }] },
      "model_throttled",
    ],
    [
      "nobody takes grade work",
      { bus: busOf(work("grade", { waiting: 2, unacked: 0, pulls: 0 })) },
      "nobody_takes_work",
    ],
    [
      "grade work is old",
      { bus: busOf(work("grade", { oldest: { rollout: "3-1", attempt: 0, ageSeconds: 4000 } })) },
      "old_work",
    ],
    [
      "a message is delivered again and again",
      { deliveries: [{ kind: "rollout", rollout: "3-1", attempt: 0, deliveries: 4 }] },
      "delivered_often",
    ],
    [
      "the retry budget is nearly spent",
      { budget: { ...LIVE.budget, retries: { taken: 8, most: 10 } } },
      "budget_nearly_spent",
    ],
    [
      "a stream is nearly full",
      { bus: { ...LIVE.bus, streams: [{ stream: "events", usedBytes: 81, maxBytes: 100 }] } },
      "stream_full",
    ],
  ])("names what to do when %s", (_what, changes, code) => {
    const found = problems(running(changes));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${code}: .{20,}`, "u"));
  });

  it("takes failures that were mended by another attempt for no problem, and lost rollouts for one", () => {
    const recentFailures = [{ failureClass: "config", code: "model_not_found", count: 3, cause: "Unknown." }];
    expect(problems(running({}, { recentFailures }))).toEqual([]);
    const rollouts = { ...LIVE.status.rollouts, failed: 1 };
    expect(problems(running({ status: { ...LIVE.status, rollouts } }, { recentFailures }))).toEqual([
      "failures: Check spec.model.name.",
    ]);
  });
});

describe("what a doctor says of a job that does not run", () => {
  it.each<readonly [string, Partial<DoctorFacts>, readonly string[]]>([
    ["has ended well", {}, []],
    [
      "has ended with failures",
      { recorded: { graded: 8, ungraded: 2 } },
      ["ended_ungraded: 2 rollouts have no reward: mend the cause, then RETRY"],
    ],
    [
      "was interrupted",
      { state: { kind: "stopped", why: "interrupted", message: "" } },
      ["interrupted: Resume it: RESUME"],
    ],
    ["was killed", { state: { kind: "stopped", why: "killed", message: "" } }, ["killed: Resume it: RESUME"]],
    ["is served", { state: { kind: "serving", pid: 7 } }, []],
    ["was served until it was stopped", { state: { kind: "served" } }, []],
    ["is about to start", { state: { kind: "starting", pid: 7 } }, []],
  ])("leads on when it %s", (_what, changes, expected) => {
    expect(problems({ ...RECORDED, ...changes })).toEqual(expected);
  });

  it("says how to serve an environment again", () => {
    const [found] = diagnose({ ...RECORDED, state: { kind: "served" } });
    expect(found?.text).toBe(
      "small is served no more; 10 rollouts have a reward and 0 have failed so far. To serve it with these records: RESUME",
    );
  });

  it("names the process that has it and does not answer", () => {
    expect(problems({ ...RECORDED, state: { kind: "silent", pid: 4711 } })[0]).toContain("4711");
  });

  it("names the command that tries a sandbox by hand, as its reader types it", () => {
    const breaker = {
      state: "open",
      consecutiveFailures: 5,
      lastCode: "sandbox_lost",
      lastReason: ".",
    } as const;
    const facts = running({ sandboxes: { ...LIVE.sandboxes, breaker } });
    expect(diagnose(facts).map(({ action }) => action)).toContainEqual(
      expect.stringMatching(/by hand: SANDBOX$/u),
    );
    const recentFailures = [{ failureClass: "sandbox", code: "sandbox_lost", count: 1, cause: "." }];
    const ended = diagnose({ ...RECORDED, recorded: { graded: 0, ungraded: 1 }, recentFailures });
    expect(ended.at(-1)?.action).toContain('by hand with "SANDBOX"');
  });

  it("tells the commonest kinds of failures, and how many more there are", () => {
    const recentFailures = ["a", "b", "c", "d", "e", "f"].map((code) => ({
      failureClass: "model",
      code,
      count: 1,
      cause: ".",
    }));
    const findings = diagnose({ ...RECORDED, recorded: { graded: 0, ungraded: 6 }, recentFailures });
    expect(findings.filter(({ code }) => code === "failures")).toHaveLength(5);
    expect(findings.at(-1)?.text).toContain("2 more kinds");
  });
});
