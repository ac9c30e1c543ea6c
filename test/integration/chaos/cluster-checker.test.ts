import { describe, expect, it } from "vitest";
import { checkCluster } from "../../chaos/cluster/check-cluster.ts";
import type { ClusterEvidence, SeenPod } from "../../chaos/cluster/check-cluster.ts";
import { evidenceOf, goodRun } from "../../support/chaos/planted-run.ts";

const ROLLOUTS = { total: 1, pending: 0, active: 0, grading: 0, graded: 1, failed: 0 };
const USED = "box";
const evidence = evidenceOf(goodRun());
const [log] = evidence.logs.values();
const [attempt] = log?.attempts ?? [];
if (attempt === undefined) throw new Error("the good run has no attempt");
attempt.sandboxes.push(USED);

/** What a good job left, with two sandboxes that its environment keeps ready. */
const findingsOf = (change: Partial<ClusterEvidence> = {}): readonly string[] =>
  checkCluster({
    evidence,
    isRecorded: true,
    pods: [pod("one"), pod("two")],
    warmReplicas: 2,
    status: { rollouts: ROLLOUTS },
    ...change,
  }).map(({ what }) => what);

function pod(sandboxUid: string, change: Partial<SeenPod> = {}): SeenPod {
  return { name: `pod-${sandboxUid}`, sandboxUid, isReady: true, isDeleted: false, ...change };
}

describe("the checker of jobs on clusters", () => {
  it("finds nothing where the promise was kept", () => {
    expect(findingsOf()).toEqual([]);
    expect(findingsOf({ pods: [pod("one"), pod("two"), pod(USED, { isDeleted: true })] })).toEqual([]);
  });

  it("finds a pod that outlives its rollout, and one too many", () => {
    expect(findingsOf({ pods: [pod("one"), pod(USED)] })).toEqual(["pod pod-box outlives its rollout"]);
    expect(findingsOf({ pods: [pod("one"), pod("two"), pod("three")] })).toEqual([
      "3 pods for 2 to keep ready",
    ]);
  });

  it("finds a pool that was not filled again", () => {
    expect(findingsOf({ pods: [pod("one")] })).toEqual(["1 pods are ready of 2 to keep so"]);
    expect(findingsOf({ pods: [pod("one"), pod("two", { isReady: false })] })).toEqual([
      "1 pods are ready of 2 to keep so",
    ]);
  });

  it("finds a sandbox that two rollouts had, and one that is leased for ever", () => {
    const logs = new Map([...evidence.logs].flatMap(([, each]) => [[0, each] as const, [1, each] as const]));
    expect(findingsOf({ evidence: { ...evidence, logs } })).toContain(
      "sandbox box was leased to 0/0 and 1/0",
    );
    const retired = new Map([["rollyard.leases.box", false]]);
    expect(findingsOf({ evidence: { ...evidence, retired } })).toEqual([
      "rollyard.leases.box is still leased",
    ]);
  });

  it("finds counters of the status that are not those of the streams", () => {
    const status = { rollouts: { ...ROLLOUTS, active: 1, graded: 0 } };
    expect(findingsOf({ status })).toEqual(["status says 1 active for 0", "status says 0 graded for 1"]);
  });

  it("finds what a node still has, and results that are not written down where they are asked for", () => {
    const leftovers = ["process sandboxd 17"];
    expect(findingsOf({ evidence: { ...evidence, leftovers } })).toEqual(leftovers);
    const unwritten = { ...evidence, results: [], trajectories: [] };
    expect(findingsOf({ evidence: unwritten, isRecorded: false })).toEqual([]);
    expect(findingsOf({ evidence: unwritten })).toEqual([
      "rollout 0 has 0 lines as result",
      "rollout 0 has 0 lines as trajectory",
    ]);
  });
});
