import { randomUUID } from "node:crypto";
import { ensureControlPlane } from "../../../scripts/lib/control-plane.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { sandboxSpecSchema } from "../../../src/environment/sandbox-spec.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { KubernetesLauncher } from "../../../src/sandbox/launchers/kubernetes/kubernetes-launcher.ts";
import { NodeCache } from "../../../src/sandbox/launchers/kubernetes/node-cache.ts";
import { PodCache } from "../../../src/sandbox/launchers/kubernetes/pod-cache.ts";
import type { LaunchRequest } from "../../../src/sandbox/port.ts";
import { eventually } from "./eventually.ts";
import { KWOK_TAINT } from "./kwok-nodes.ts";
import { ownControlPlane } from "./own-control-plane.ts";

/** Pods, as addresses name them. */
export const PODS = { group: "", version: "v1", plural: "pods" };
const ACCOUNTS = { group: "", version: "v1", plural: "serviceaccounts" };
const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };

/** A control plane of its own with a scheduler and nodes played by kwok, and caches of its pods and nodes. */
export type LauncherWorld = Awaited<ReturnType<typeof startLauncherWorld>>;

/** Starts the world; a minute is enough once its programs are built. */
export async function startLauncherWorld() {
  const plane = await ownControlPlane();
  const names = ["kube-controller-manager", "kube-scheduler", "kwok"] as const;
  await plane.startNodes(await ensureControlPlane(findPlaces(), names));
  const credentials = await kubeconfigCredentials(plane.kubeconfigFile);
  const transport = createKubeTransport(credentials);
  const client = new KubeClient(transport);
  const parts = { client, transport, clock: systemClock, random: Math.random, logger: silentLogger };
  const [pods, nodes] = [new PodCache(parts), new NodeCache(parts)];
  const end = new AbortController();
  const running = [pods.run(end.signal), nodes.run(end.signal)];
  await Promise.all([pods.untilSynced(), nodes.untilSynced()]);
  const launchers: KubernetesLauncher[] = [];
  const uids = new Map<string, string>();
  /** Of the one Environment that a namespace has. */
  const uidOf = (namespace: string): string => {
    const uid = uids.get(namespace) ?? randomUUID();
    uids.set(namespace, uid);
    return uid;
  };
  return {
    plane,
    client,
    pods,
    /** A namespace with its default service account, without which no pod is admitted. */
    newNamespace: async (name: string): Promise<void> => {
      await client.create(NAMESPACES, {}, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      await eventually(
        () => client.get<KubeObject>(ACCOUNTS, { namespace: name, name: "default" }),
        (account) => account !== null,
      );
    },
    launcher: (namespace: string): KubernetesLauncher => {
      const launcher = new KubernetesLauncher({
        ...parts,
        pods,
        nodes,
        namespace,
        environment: { name: "env", uid: uidOf(namespace) },
        sandboxdImage: "registry.example/sandboxd:1",
        nameservers: [],
      });
      launchers.push(launcher);
      return launcher;
    },
    stop: async (): Promise<void> => {
      await Promise.all(launchers.map((launcher) => launcher.close()));
      end.abort();
      await Promise.all(running);
      await transport.close();
      await plane.stop();
    },
  };
}

/** A request whose pod runs on kwok's nodes; annotations say what it does (kwok.yaml). */
export function kwokRequest(sandboxUid: string, fields: object = {}): LaunchRequest {
  const podTemplate = { spec: { tolerations: [KWOK_TAINT] } };
  const spec = { image: "registry.example/none:1", podTemplate, ...fields };
  return {
    sandboxUid,
    spec: sandboxSpecSchema.parse(spec),
    localFolder: null,
    publicKeys: [],
    placement: { template: "t1" },
  };
}
