import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { signLeaseToken } from "../../../src/sandbox/lease-token.ts";
import { SandboxdClient } from "../../../src/sandbox/sandboxd-client.ts";
import { generateSigningKeys, publicKeysOf } from "../../../src/sandbox/signing-keys.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import type { LocalKubelet } from "../../support/cluster/kubelet/local-kubelet.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startLocalNode, startWholeCluster } from "../../support/cluster/whole-cluster.ts";
import type { WholeCluster } from "../../support/cluster/whole-cluster.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const HERE = { namespace: "default" };
const PORT = 8321;

interface Pod extends KubeObject {
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly state: {
        readonly waiting?: { readonly reason: string };
        readonly terminated?: { readonly exitCode: number; readonly signal?: number };
      };
    }[];
  };
}

describe.skipIf(testCluster().isMissing)("a node whose pods are real sandboxds", () => {
  const keys = generateSigningKeys();
  let world: WholeCluster;
  let kubelet: LocalKubelet;

  beforeAll(async () => {
    world = await startWholeCluster();
    kubelet = await startLocalNode(world);
  });

  afterAll(async () => {
    await kubelet?.stop();
    await world?.stop();
  });

  const create = async (name: string): Promise<void> => {
    const options = { "--listen": `tcp::${PORT}`, "--sandbox-uid": name, "--workdir": "/workspace" };
    const publicKeys = JSON.stringify(publicKeysOf(keys));
    const args = ["serve", ...Object.entries(options).flat(), "--keys", publicKeys, "--pid-namespace"];
    const container = { name: "sandbox", image: "none:1", command: ["/sandboxd"], args };
    const spec = { restartPolicy: "Never", automountServiceAccountToken: false, containers: [container] };
    await world.client.create(PODS, HERE, { apiVersion: "v1", kind: "Pod", metadata: { name }, spec });
  };
  const pod = (name: string, isRight: (found: Pod | null) => boolean): Promise<Pod | null> =>
    eventually(() => world.client.get<Pod>(PODS, { ...HERE, name }), isRight);
  const running = async (name: string): Promise<Pod | null> => {
    await create(name);
    return pod(name, (each) => each?.status.phase === "Running");
  };

  it("answers commands at the pod's own address", async () => {
    const host = (await running("asked"))?.status.podIP ?? "";
    expect(host).toMatch(/^127\./);
    const holder = { sandboxUid: "asked", rollout: "one", attempt: 0, epoch: 1n };
    const { token } = signLeaseToken(keys, holder, Date.now() + 60_000);
    const session = new SandboxdClient({
      sandboxUid: "asked",
      endpoint: { kind: "tcp", host, port: PORT },
      token: () => token,
    });
    const request = { callId: "1", argv: ["echo", "here"], timeoutMs: 5000, maxOutputBytes: 100 };
    expect((await session.exec(request)).stdout).toBe("here\n");
  });

  it("says so when a sandboxd was killed", async () => {
    await running("killed");
    expect(kubelet.killSandboxd("killed")).toBe(true);
    const found = await pod("killed", (each) => each?.status.phase === "Failed");
    const [container] = found?.status.containerStatuses ?? [];
    expect(container?.state.terminated).toMatchObject({ exitCode: 137, signal: 9 });
  });

  it("ends the process of a pod that was deleted", async () => {
    await running("deleted");
    await world.client.delete(PODS, { ...HERE, name: "deleted" });
    await pod("deleted", (each) => each === null);
    expect(kubelet.pods).not.toContain("deleted");
  });

  it("lets pods wait while it can't get their image, and starts them when it can", async () => {
    kubelet.refuseStarts({ reason: "ErrImagePull", message: "no such image" });
    await create("waits");
    await pod("waits", (each) => each?.status.containerStatuses?.[0]?.state.waiting !== undefined);
    kubelet.refuseStarts(null);
    const found = await pod("waits", (each) => each?.status.phase === "Running");
    expect(found?.status.phase).toBe("Running");
  });
});
