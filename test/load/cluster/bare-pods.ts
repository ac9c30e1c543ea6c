import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kwokNode } from "../../support/cluster/kwok-nodes.ts";
import { benchPod } from "../kube/bench-pod.ts";
import type { PodCounter } from "./pod-counter.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const NODES = { group: "", version: "v1", plural: "nodes" };
const HERE = { namespace: "default" };
const PODS_A_NODE = 120;
const IN_FLIGHT = 50;
const PATIENCE_MS = 900_000;

/** Nodes that kwok plays, enough for so many pods; without taint, so that any pod goes there. */
export async function makeNodes(client: KubeClient, pods: number): Promise<void> {
  const count = Math.ceil(pods / PODS_A_NODE) + 2;
  for (let index = 0; index < count; index += 1) {
    await client.create(NODES, {}, { ...kwokNode(`kwok-${index}`), spec: {} });
  }
}

/** Pods that nobody but the scheduler and the nodes have to do with: seconds until all of them run. */
export async function createBarePods(
  client: KubeClient,
  counter: PodCounter,
  count: number,
): Promise<number> {
  const startedMs = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await client.create(PODS, HERE, benchPod(`bare-${next++}`));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  await untilRunning(counter, count);
  return (performance.now() - startedMs) / 1000;
}

/** Deletes all. Many at once take the server longer than a request may: it is asked until none is left. */
export async function removePods(client: KubeClient, counter: PodCounter): Promise<void> {
  while (counter.live > 0) {
    await client.send({ method: "DELETE", path: "/api/v1/namespaces/default/pods" }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Resolves when so many pods run. */
export async function untilRunning(counter: PodCounter, count: number): Promise<void> {
  await eventually(
    () => counter.running,
    (running) => running >= count,
    PATIENCE_MS,
  );
}

/** Resolves when the namespace has no pod any more. */
export async function untilGone(counter: PodCounter): Promise<void> {
  await eventually(
    () => counter.live,
    (live) => live === 0,
    PATIENCE_MS,
  );
}
