import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { benchPodSpec } from "../kube/bench-pod.ts";
import type { Contender } from "./contender.ts";
import { PATIENCE_MS } from "./until-pods.ts";
import type { UnitWatch } from "./unit-watch.ts";
import { written } from "./written.ts";

interface JobStatus extends KubeObject {
  readonly status?: { readonly completionTime?: string };
}

const JOBS = { group: "batch", version: "v1", plural: "jobs" };
const PLACE = { namespace: "default", name: "peer" };

/** One Indexed Job whose pods run for a second each. */
export class IndexedJobContender implements Contender {
  readonly processes = {};
  readonly command = null;
  readonly pool = 0;
  readonly poolAskedAtMs = 0;
  readonly #client: KubeClient;
  readonly #units: number;

  constructor(client: KubeClient, units: number) {
    this.#client = client;
    this.#units = units;
  }

  async prepare(): Promise<void> {
    // The controller manager is there.
  }

  async get(pods: UnitWatch): Promise<readonly number[]> {
    const startedMs = performance.now();
    await written(this.#client.createLean(JOBS, { namespace: "default" }, indexedJob(this.#units)));
    await eventually(
      () => pods.readyAtMs.size,
      (ready) => ready >= this.#units,
      PATIENCE_MS,
    );
    return [...pods.readyAtMs.values()].map((atMs) => atMs - startedMs);
  }

  async untilSettled(): Promise<void> {
    await eventually(
      () => this.#client.get<JobStatus>(JOBS, PLACE),
      (job) => job?.status?.completionTime !== undefined,
      PATIENCE_MS,
      100,
    );
  }

  /** The garbage collector deletes the pods. */
  async giveBack(): Promise<void> {
    await written(this.#client.delete(JOBS, PLACE, { propagationPolicy: "Background" }));
  }

  async cleanUp(): Promise<void> {
    // Nothing is left.
  }
}

function indexedJob(units: number): object {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: PLACE.name },
    spec: {
      completionMode: "Indexed",
      completions: units,
      parallelism: units,
      template: {
        metadata: { annotations: { "test.rollyard.dev/run-for": "1s" } },
        spec: benchPodSpec(),
      },
    },
  };
}
