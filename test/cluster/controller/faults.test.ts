import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { CLUSTER_FAULTS } from "../../chaos/cluster/faults.ts";
import type { ClusterFaultName } from "../../chaos/cluster/faults.ts";
import { runFault } from "../../chaos/cluster/run-fault.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const JOB = { rollouts: 40, parallelism: 16, seed: 7, latencyMs: 400 };
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
});
