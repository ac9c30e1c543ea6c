import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { CLUSTER_FAULTS } from "../../chaos/cluster/faults.ts";
import type { ClusterFault } from "../../chaos/cluster/faults.ts";
import { isTrue, runClusterJob } from "../../chaos/cluster/run-cluster-job.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const ROLLOUTS = 40;
const STRIKE_AFTER = 10;
/** The others take longer: `npm run chaos -- cluster`. */
const NAMES = ["leader-killed", "pods-evicted", "sandboxes-killed"] as const;

describe.skipIf(testCluster().isMissing)("a job on a cluster in trouble", () => {
  let world: ClusterWorld;

  beforeAll(async () => {
    world = await ClusterWorld.start({ controllers: 2, workers: 2, graders: 2 });
    await world.startServices();
  });

  afterAll(async () => {
    await world?.stop();
  });

  it.each(NAMES)(
    "loses and repeats nothing: %s",
    async (name) => {
      const fault: ClusterFault = CLUSTER_FAULTS[name];
      const job = { name, environment: name, rollouts: ROLLOUTS, parallelism: 12, seed: 7 };
      const end = await runClusterJob(world, job, {
        sandboxdKills: fault.sandboxdKills ?? 0,
        during: async (running) => {
          await running.untilEnded(STRIKE_AFTER);
          await fault.strike(world, running);
        },
      });
      expect(end.findings).toEqual([]);
      expect(isTrue(end.job, "Complete")).toBe(true);
    },
    600_000,
  );
});
