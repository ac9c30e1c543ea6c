import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Enforcement } from "../../../src/controller/environment/environment-conditions.ts";
import { probeNetwork } from "../../../src/controller/network-probe/network-probe.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const NAMESPACE = "network-probe";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("the probe of the network on a real API server", () => {
  const here = ["-n", NAMESPACE];
  let transport: KubeTransport;

  beforeAll(async () => {
    for (const name of [NAMESPACE, `${NAMESPACE}-bare`]) {
      await kubectlOk(cluster, ["create", "namespace", name]);
    }
    await kubectlOk(cluster, [...here, "create", "serviceaccount", "default"]);
    transport = createKubeTransport(await kubeconfigCredentials(cluster.kubeconfigFile));
  });

  afterAll(async () => {
    await transport?.close();
    for (const name of [NAMESPACE, `${NAMESPACE}-bare`]) {
      await kubectl(cluster, ["delete", "namespace", name, "--wait=false"]);
    }
  });

  const probe = (namespace: string): Promise<Enforcement> =>
    probeNetwork(
      {
        client: new KubeClient(transport),
        namespace,
        image: "registry.example/sandboxd:1",
        clock: systemClock,
        logger: silentLogger,
        newId: () => randomIds.shortUid(),
      },
      new AbortController().signal,
    );
  const podsOf = async (side: string): Promise<readonly string[]> => {
    const list = ["get", "pods", "-l", `rollyard.dev/probe=${side}`, "-o", "name"];
    return (await kubectlOk(cluster, [...here, ...list])).split("\n").filter((name) => name !== "");
  };
  /** Plays the kubelet: the pod of a side has ended with an exit code. */
  const end = async (side: string, exitCode: number): Promise<void> => {
    const [pod = ""] = await eventually(
      () => podsOf(side),
      (pods) => pods.length === 1,
    );
    const state = { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } };
    const container = { name: "dial", image: "x", imageID: "", ready: false, restartCount: 0, state };
    const status = { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses: [container] };
    const patch = ["patch", pod, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })];
    await kubectlOk(cluster, [...here, ...patch]);
  };

  it.each([
    ["enforced", 0, 3, { kind: "enforced" }],
    ["not enforced", 0, 0, { kind: "not_enforced" }],
    ["unknown", 3, 3, { kind: "unknown", reason: "ProbeCutOff" }],
  ] as const)("says %s by the ends of its two pods, and removes them", async (_name, open, shut, verdict) => {
    const probing = probe(NAMESPACE);
    await end("open", open);
    await end("shut", shut);
    expect(await probing).toMatchObject(verdict);
    expect([...(await podsOf("open")), ...(await podsOf("shut"))]).toEqual([]);
    const policy = ["get", "networkpolicy", "rollyard-network-probe", "-o", "jsonpath={.spec}"];
    expect(JSON.parse(await kubectlOk(cluster, [...here, ...policy]))).toEqual({
      podSelector: { matchLabels: { "rollyard.dev/probe": "shut" } },
      policyTypes: ["Ingress", "Egress"],
    });
  });

  it("says in the API server's words why it could not be made", async () => {
    expect(await probe(`${NAMESPACE}-bare`)).toMatchObject({
      kind: "unknown",
      reason: "ProbeFailed",
      message: expect.stringContaining('serviceaccount "default" not found'),
    });
  });
});
