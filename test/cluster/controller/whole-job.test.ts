import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { describeRepoSearch } from "../../support/controller/describe-repo-search.ts";

describeRepoSearch({
  title: "on a cluster",
  isMissing: testCluster().isMissing,
  samplesPerItem: 4,
  replicas: 12,
  start: async (corpus) => {
    const world = await ClusterWorld.start({ controllers: 2, workers: 2, graders: 2, corpus });
    return { world, stop: () => world.stop() };
  },
});
