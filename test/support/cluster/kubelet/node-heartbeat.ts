import type { KubeClient } from "../../../../src/kube/kube-client.ts";

const NODES = { group: "", version: "v1", plural: "nodes" };
const LEASES = { group: "coordination.k8s.io", version: "v1", plural: "leases" };
const LEASE_NAMESPACE = "kube-node-lease";
const EVERY_MS = 5000;
const LEASE_SECONDS = 40;

/** Makes a node and keeps it Ready, as a kubelet does, until the signal aborts; a failed beat is left to the next. */
export async function beatNode(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  await makeNode(client, name);
  const timer = setInterval(() => void beat(client, name).catch(() => undefined), EVERY_MS);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Makes the node, also when it was deleted; resolves when it is Ready. */
export async function makeNode(client: KubeClient, name: string): Promise<void> {
  const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
  await client.create(NODES, {}, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  await beat(client, name);
}

async function beat(client: KubeClient, name: string): Promise<void> {
  const now = new Date();
  await client.patch(
    NODES,
    { name, subresource: "status" },
    { body: { status: nodeStatus(now.toISOString()) } },
  );
  // A Lease has microseconds.
  const renewTime = now.toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
  const place = { namespace: LEASE_NAMESPACE, name };
  const written = await client.patch(LEASES, place, { body: { spec } });
  if (written.kind === "done") return;
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec };
  await client.create(LEASES, { namespace: LEASE_NAMESPACE }, lease);
}

function nodeStatus(now: string): object {
  const room = { cpu: "1000", memory: "1Ti", pods: "5000", "ephemeral-storage": "8Ti" };
  const condition = (type: string, status: "True" | "False"): object => ({
    type,
    status,
    reason: "KubeletSaysSo",
    message: "",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    conditions: [
      condition("Ready", "True"),
      ...["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => condition(type, "False")),
    ],
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    capacity: room,
    allocatable: room,
  };
}
