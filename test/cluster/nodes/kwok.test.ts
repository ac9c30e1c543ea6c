import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureControlPlane } from "../../../scripts/lib/control-plane.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import type { ControlPlane } from "../../support/cluster/control-plane.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kwokNode, kwokPod } from "../../support/cluster/kwok-nodes.ts";
import { ownControlPlane } from "../../support/cluster/own-control-plane.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const NODES = { group: "", version: "v1", plural: "nodes" };
const ACCOUNTS = { group: "", version: "v1", plural: "serviceaccounts" };
const HERE = { namespace: "default" };

interface Pod extends KubeObject {
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly state: { readonly terminated?: { readonly exitCode: number; readonly reason: string } };
    }[];
  };
}

describe.skipIf(testCluster().isMissing)("nodes that kwok plays", () => {
  let plane: ControlPlane;
  let transport: KubeTransport;
  let client: KubeClient;

  beforeAll(async () => {
    plane = await ownControlPlane();
    const names = ["kube-controller-manager", "kube-scheduler", "kwok"] as const;
    await plane.startNodes(await ensureControlPlane(findPlaces(), names));
    transport = createKubeTransport(await kubeconfigCredentials(plane.kubeconfigFile));
    client = new KubeClient(transport);
    await client.create(NODES, {}, kwokNode("fake-1"));
    // The controller manager makes it; without it no pod is admitted.
    await eventually(
      () => client.get(ACCOUNTS, { ...HERE, name: "default" }),
      (account) => account !== null,
    );
  });

  afterAll(async () => {
    await transport?.close();
    await plane?.stop();
  });

  const pod = (name: string, isRight: (found: Pod | null) => boolean): Promise<Pod | null> =>
    eventually(() => client.get<Pod>(PODS, { ...HERE, name }), isRight);

  it("run a pod after it was scheduled, and give it an address", async () => {
    expect(await client.create(PODS, HERE, kwokPod("runs"))).toMatchObject({ kind: "done" });
    const found = await pod("runs", (each) => each?.status.phase === "Running");
    expect(found?.status.podIP).toMatch(/^127\./);
  });

  it("end a pod as its annotations say", async () => {
    const annotations = {
      "test.rollyard.dev/run-for": "200ms",
      "test.rollyard.dev/exit-code": "137",
      "test.rollyard.dev/reason": "OOMKilled",
    };
    await client.create(PODS, HERE, kwokPod("ends", annotations));
    const found = await pod("ends", (each) => each?.status.phase === "Failed");
    const [container] = found?.status.containerStatuses ?? [];
    expect(container?.state.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  it("take a pod away that was deleted", async () => {
    await client.create(PODS, HERE, kwokPod("goes"));
    await pod("goes", (each) => each?.status.phase === "Running");
    await client.delete(PODS, { ...HERE, name: "goes" });
    expect(await pod("goes", (each) => each === null)).toBeNull();
  });
});
