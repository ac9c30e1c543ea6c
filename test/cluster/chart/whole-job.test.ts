import { ChartWorld } from "../../support/chart/chart-world.ts";
import { testHelm } from "../../support/chart/test-helm.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { describeRepoSearch } from "../../support/controller/describe-repo-search.ts";

const found = await testHelm();

describeRepoSearch({
  title: "with the rights, the configuration and the bus of the chart",
  isMissing: found.kind === "missing" || testCluster().isMissing,
  samplesPerItem: 2,
  replicas: 12,
  start: async (corpus) => {
    const world = await ChartWorld.start(found, corpus);
    return { world, stop: () => world.stop() };
  },
});
