import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import { eventually } from "../support/cluster/eventually.ts";
import { startWholeCluster } from "../support/cluster/whole-cluster.ts";
import type { WholeCluster } from "../support/cluster/whole-cluster.ts";
import { RealNode } from "../support/node/real-node.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const HERE = { namespace: "default" };
const IMAGE = "registry.example/tools:1";

interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
    }[];
  };
}

describe.skipIf(inject("whyNoNode") !== null)("a real node", () => {
  let world: WholeCluster;
  let node: RealNode;

  beforeAll(async () => {
    world = await startWholeCluster();
    node = await RealNode.start(world, { images: [{ name: IMAGE, corpus: null }], hasGvisor: false });
  });

  afterAll(async () => {
    await node?.stop();
    await world?.stop();
  });

  it("runs a pod to its end and tells how it ended", async () => {
    const container = {
      name: "main",
      image: IMAGE,
      command: ["sh", "-c", "id -u > /dev/termination-log; exit 3"],
      securityContext: { runAsUser: 1000 },
    };
    const spec = { restartPolicy: "Never", automountServiceAccountToken: false, containers: [container] };
    await world.client.create(PODS, HERE, { apiVersion: "v1", kind: "Pod", metadata: { name: "one" }, spec });
    const pod = await eventually(
      () => world.client.get<Pod>(PODS, { ...HERE, name: "one" }),
      (found) => found?.status?.phase === "Failed",
    );
    const [status] = pod?.status?.containerStatuses ?? [];
    expect(status?.state?.terminated).toMatchObject({ exitCode: 3, message: "1000\n" });
  });
});
