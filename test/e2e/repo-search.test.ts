import { inject } from "vitest";
import { describeRepoSearch } from "../support/controller/describe-repo-search.ts";
import { startPodsWorld } from "../support/node/pods-world.ts";

/** Whole name of the example's image. */
const IMAGE = "docker.io/rollyard/repo-search:fastify-5.12.8";

describeRepoSearch({
  title: "in real pods",
  isMissing: inject("whyNoNode") !== null,
  samplesPerItem: 1,
  replicas: 8,
  start: (corpus) =>
    startPodsWorld(
      { controllers: 1, workers: 1, graders: 1 },
      { images: [{ name: IMAGE, corpus }], hasGvisor: false },
    ),
});
