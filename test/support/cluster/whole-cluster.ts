import { rm } from "node:fs/promises";
import { ensureControlPlane } from "../../../scripts/lib/control-plane.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { findSandboxd } from "../../../services/cli/find-programs.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import type { ClusterProcess } from "./cluster-process.ts";
import type { ControlPlane } from "./control-plane.ts";
import { eventually } from "./eventually.ts";
import { LocalKubelet } from "./kubelet/local-kubelet.ts";
import { ownControlPlane } from "./own-control-plane.ts";
import type { TestCluster } from "./test-cluster.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** A control plane with controller manager, scheduler and kwok, and an administrator's client. */
export interface WholeCluster {
  readonly plane: ControlPlane;
  /** Controller manager, scheduler, kwok. */
  readonly others: readonly ClusterProcess[];
  /** For kubectl. */
  readonly cluster: TestCluster;
  readonly transport: KubeTransport;
  readonly client: KubeClient;
  /** Folder for whatever else a test starts; removed at the end. */
  readonly folder: string;
  stop(): Promise<void>;
}

const NODE_PROGRAMS = ["kube-controller-manager", "kube-scheduler", "kwok"] as const;
const ACCOUNTS = { group: "", version: "v1", plural: "serviceaccounts" };

/** Starts one; resolves when pods are admitted to the namespace `default`. */
export async function startWholeCluster(): Promise<WholeCluster> {
  const places = findPlaces();
  const { kubectl } = await ensureControlPlane(places, ["kubectl"]);
  const folder = await ownedFolder("rollyard-nodes-");
  const plane = await ownControlPlane();
  const others = await plane.startNodes(await ensureControlPlane(places, NODE_PROGRAMS));
  const transport = createKubeTransport(await kubeconfigCredentials(plane.kubeconfigFile));
  const client = new KubeClient(transport);
  await eventually(
    () => client.get(ACCOUNTS, { namespace: "default", name: "default" }),
    (account) => account !== null,
  );
  return {
    plane,
    others,
    cluster: { kubeconfigFile: plane.kubeconfigFile, kubectl, isMissing: false },
    transport,
    client,
    folder,
    stop: async () => {
      await transport.close();
      await plane.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Adds a node whose pods are real sandboxds on this machine. */
export async function startLocalNode(
  { plane, folder }: Pick<WholeCluster, "plane" | "folder">,
  { node = "local", corpus = null }: { readonly node?: string; readonly corpus?: string | null } = {},
): Promise<LocalKubelet> {
  const sandboxd = await findSandboxd(process.env);
  return LocalKubelet.start({ kubeconfigFile: plane.kubeconfigFile, node, sandboxd, folder, corpus });
}
