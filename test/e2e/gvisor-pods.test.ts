import { inject } from "vitest";
import { kubectlOk } from "../support/cluster/kubectl.ts";
import { describeRepoSearch } from "../support/controller/describe-repo-search.ts";
import { startPodsWorld } from "../support/node/pods-world.ts";

const IMAGE = "docker.io/rollyard/repo-search:fastify-5.12.8";
const CLASS = {
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  metadata: { name: "gvisor" },
  handler: "runsc",
};

describeRepoSearch({
  title: "in pods of gVisor",
  isMissing: inject("whyNoGvisorPods") !== null,
  samplesPerItem: 1,
  replicas: 4,
  sandbox: { runtimeClassName: "gvisor" },
  start: async (corpus) => {
    const here = await startPodsWorld(
      { controllers: 1, workers: 1, graders: 1 },
      { images: [{ name: IMAGE, corpus }], hasGvisor: true },
    );
    await kubectlOk(here.world.whole.cluster, ["create", "-f", "-"], CLASS);
    return here;
  },
});
