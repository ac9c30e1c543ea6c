import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { CLUSTER_FAULTS } from "../../chaos/cluster/faults.ts";
import type { ClusterFaultName } from "../../chaos/cluster/faults.ts";
import { runFault } from "../../chaos/cluster/run-fault.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

/** With some sandboxes kept ready, so that their pool is refilled in the midst of the trouble. */
const JOB = { rollouts: 40, parallelism: 16, warmReplicas: 4, seed: 7, latencyMs: 400 };
/** Many, with tools at an endpoint: pods for all of them would take minutes. */
const LARGE_JOB = { rollouts: 1000, parallelism: 64, sandboxes: "none", seed: 8, latencyMs: 200 } as const;
const SKEW_MS = 120_000;
const NAMES = Object.keys(CLUSTER_FAULTS) as readonly ClusterFaultName[];

describe.skipIf(testCluster().isMissing)("a job on a cluster in trouble", () => {
  let world: ClusterWorld;

  beforeAll(async () => {
    world = await ClusterWorld.start({
      controllers: 2,
      workers: 2,
      graders: 2,
      clocksAheadMs: [0, SKEW_MS],
    });
    await world.startServices();
    // What users download is checked as well.
    await world.startGateway();
  });

  afterAll(async () => {
    await world?.stop();
  });

  it.each(NAMES)(
    "loses and repeats nothing: %s",
    async (name) => {
      const { findings, isComplete } = await runFault(world, name, { ...JOB, name, environment: name });
      expect(findings).toEqual([]);
      expect(isComplete).toBe(true);
    },
    600_000,
  );

  it("loses and repeats nothing of a thousand rollouts when the leader is killed in their middle", async () => {
    const job = { ...LARGE_JOB, name: "large", environment: "large" };
    const { findings, isComplete, attempts } = await runFault(world, "leader-killed", job);
    expect(findings).toEqual([]);
    expect({ isComplete, attempts }).toEqual({ isComplete: true, attempts: LARGE_JOB.rollouts });
  }, 600_000);
});
