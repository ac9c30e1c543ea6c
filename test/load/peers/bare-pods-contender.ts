import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { benchPod } from "../kube/bench-pod.ts";
import type { Contender } from "./contender.ts";
import { manyAtOnce } from "./many-at-once.ts";
import { untilAllReady, untilPodsRun } from "./until-pods.ts";
import type { UnitWatch } from "./unit-watch.ts";
import { written } from "./written.ts";

const PODS = { group: "", version: "v1", plural: "pods" };

/** Pods that nobody but the scheduler and the nodes have to do with. */
export class BarePodsContender implements Contender {
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
    // A client is all it needs.
  }

  async get(pods: UnitWatch): Promise<readonly number[]> {
    const requestedAtMs = new Map<string, number>();
    await manyAtOnce(this.#units, async (index) => {
      requestedAtMs.set(`default/bare-${index}`, performance.now());
      await written(this.#client.createLean(PODS, { namespace: "default" }, benchPod(`bare-${index}`)));
    });
    return untilAllReady(pods, requestedAtMs);
  }

  untilSettled(pods: UnitWatch): Promise<void> {
    return untilPodsRun(pods, this.#units);
  }

  async giveBack(): Promise<void> {
    await manyAtOnce(this.#units, (index) =>
      written(this.#client.delete(PODS, { namespace: "default", name: `bare-${index}` })),
    );
  }

  async cleanUp(): Promise<void> {
    // Nothing is left.
  }
}
