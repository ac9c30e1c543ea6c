import { describe, expect, it } from "vitest";
import { environmentStatusSchema } from "../../environment/environment-status.ts";
import { conditionEvents } from "./environment-events.ts";
import { conditionsOf, environmentStatus, traceCountsOf } from "./environment-status.ts";
import type { StatusFacts } from "./environment-status.ts";

const closed = { state: "closed", consecutiveFailures: 0, lastCode: "", lastReason: "" } as const;
const facts: StatusFacts = {
  busUid: "0123456789ab",
  generation: 2,
  specProblem: null,
  hasImage: true,
  serveProblem: null,
  isDeleting: false,
  holders: [],
  trouble: null,
  enforcement: { kind: "enforced" },
  broker: { ready: 3, starting: 2, leased: 5, failed: 1, breaker: closed, pressure: null },
};
const open = {
  state: "open",
  consecutiveFailures: 7,
  lastCode: "sandbox_start_failed",
  lastReason: 'The sandbox did not start (image "x": not found).',
} as const;
const crowded = {
  ready: 0,
  starting: 4,
  leased: 5,
  failed: 0,
  breaker: closed,
  pressure: { reason: "Quota", message: "exceeded quota: pods" },
} as const;
const NOW = Date.UTC(2026, 10, 26, 1, 2, 3, 456);
const condition = (given: Partial<StatusFacts>, type: string) =>
  conditionsOf(environmentStatus({ ...facts, ...given }, NOW, {})).find((each) => each.type === type);

describe("environmentStatus", () => {
  it("counts sandboxes, and shows those that nobody holds as the scale's replicas", () => {
    const status = environmentStatus(facts, NOW, {});
    expect(status).toMatchObject({ ready: 3, starting: 2, leased: 5, failed: 1, replicas: 5 });
    expect(status).toMatchObject({
      observedGeneration: 2,
      selector: "rollyard.dev/environment-uid=0123456789ab",
    });
    expect(environmentStatusSchema.safeParse(status).success).toBe(true);
  });

  it("can be read for what it says of ended traces", () => {
    const ended = { graded: 2, failures: { tool: 1 }, rewardMean: 0.5 };
    const status = environmentStatus({ ...facts, traces: { ...ended, live: 3, failed: 1 } }, NOW, {});
    expect(traceCountsOf(status)).toEqual(ended);
    expect(traceCountsOf({})).toEqual({ graded: 0, failures: {}, rewardMean: null });
    expect(traceCountsOf({ traces: "many" })).toEqual({ graded: 0, failures: {}, rewardMean: null });
  });

  it("keeps what others write, and the time of a condition whose status stays", () => {
    const before = environmentStatus(facts, NOW, { traces: { live: 1, graded: 0, failed: 0 } });
    const after = environmentStatus({ ...facts, generation: 3 }, NOW + 60_000, before);
    expect(after["traces"]).toEqual({ live: 1, graded: 0, failed: 0 });
    expect(conditionsOf(after).map((each) => each.lastTransitionTime)).toEqual(
      Array.from({ length: 6 }, () => "2026-11-26T01:02:03Z"),
    );
  });

  it.each([
    ["Ready", {}, "True", "Serving"],
    ["Ready", { broker: null }, "False", "Starting"],
    ["Ready", { specProblem: "spec.tools[0].name: is required." }, "False", "InvalidSpec"],
    ["Ready", { hasImage: false, broker: null }, "False", "ImageRequired"],
    ["Ready", { trouble: "refused" }, "False", "Refused"],
    ["Ready", { isDeleting: true }, "False", "Terminating"],
    ["Ready", { broker: crowded }, "False", "Quota"],
    [
      "Ready",
      { broker: { ready: 0, starting: 0, leased: 0, failed: 9, breaker: open, pressure: null } },
      "False",
      "StartFailing",
    ],
    ["ImageRequired", {}, "False", "ImageGiven"],
    ["ImageRequired", { hasImage: false }, "True", "NoImage"],
    ["StartFailing", {}, "False", "NoFailures"],
    [
      "StartFailing",
      { broker: { ready: 0, starting: 0, leased: 0, failed: 9, breaker: open, pressure: null } },
      "True",
      "SandboxStartFailed",
    ],
    ["NotServed", {}, "False", "NothingAgainstIt"],
    ["NotServed", { serveProblem: "spec.sandbox.image depends on the row" }, "True", "ImageOfRow"],
    ["NetworkPolicyNotEnforced", {}, "False", "Enforced"],
    ["NetworkPolicyNotEnforced", { enforcement: { kind: "not_enforced" } }, "True", "ProbeConnected"],
    [
      "NetworkPolicyNotEnforced",
      { enforcement: { kind: "unknown", reason: "NotProbed", message: "" } },
      "Unknown",
      "NotProbed",
    ],
    ["Terminating", {}, "False", "NotDeleted"],
    ["Terminating", { isDeleting: true, holders: null }, "True", "LookingForJobs"],
    ["Terminating", { isDeleting: true, holders: ["b", "a"] }, "True", "InUse"],
    ["Terminating", { isDeleting: true }, "True", "RemovingSandboxes"],
    ["Terminating", { isDeleting: true, trouble: "forbidden" }, "True", "Refused"],
  ] as const)("says %s of %j", (type, given, status, reason) => {
    expect(condition(given, type)).toMatchObject({ status, reason });
  });

  it("quotes why sandboxes do not start, and names the jobs that a deletion waits for", () => {
    const broker = { ready: 0, starting: 0, leased: 0, failed: 9, breaker: open, pressure: null };
    expect(condition({ broker }, "StartFailing")?.message).toBe(open.lastReason);
    const holders = ["g", "f", "e", "d", "c", "b", "a"];
    expect(condition({ isDeleting: true, holders }, "Terminating")?.message).toBe(
      "It is removed once the jobs that use it have ended: a, b, c, d, e and 2 more.",
    );
  });
});

describe("conditionEvents", () => {
  const events = (before: Partial<StatusFacts> | null, after: Partial<StatusFacts>) => {
    const status = before === null ? {} : environmentStatus({ ...facts, ...before }, NOW, {});
    const now = environmentStatus({ ...facts, ...after }, NOW, status);
    return conditionEvents(conditionsOf(status), conditionsOf(now)).map(({ reason }) => reason);
  };
  const failing = { broker: { ready: 0, starting: 0, leased: 0, failed: 9, breaker: open, pressure: null } };

  it.each([
    ["that it is ready, once", null, {}, ["Ready"]],
    ["nothing of what was said", {}, {}, []],
    ["that starts fail", {}, failing, ["StartFailing"]],
    ["that there is no room", {}, { broker: crowded }, ["Quota"]],
    ["that there is room again", { broker: crowded }, {}, ["Ready"]],
    ["that they recover", failing, {}, ["Ready", "StartsRecovered"]],
    ["that an image is missing", null, { hasImage: false, broker: null }, ["ImageRequired"]],
    ["that a spec can't be used", {}, { specProblem: "spec.tools: must be a list." }, ["InvalidSpec"]],
    ["what a deletion waits for", {}, { isDeleting: true, holders: ["a"] }, ["InUse"]],
    [
      "that sandboxes are not shut off",
      {},
      { enforcement: { kind: "not_enforced" } },
      ["NetworkPolicyNotEnforced"],
    ],
  ] as const)("says %s", (_name, before, after, reasons) => {
    expect(events(before, after)).toEqual(reasons);
  });
});
