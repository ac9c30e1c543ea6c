import { join } from "node:path";
import { NODE_ADDRESS } from "../../../scripts/lib/private-network.mjs";
import { NODE_NAME } from "../cluster/control-plane-commands.ts";

/** Where a node's parts are. */
export interface NodePlaces {
  /** Everything that it keeps. */
  readonly folder: string;
  /** Its cgroup in every hierarchy, with a leading slash. */
  readonly cgroup: string;
  /** Folder of the network plugins. */
  readonly plugins: string;
  readonly runc: string;
  /** Path of runsc, or null where its pods can't run. */
  readonly runsc: string | null;
}

/** Image of every pod's first container. */
export const PAUSE_IMAGE = "localhost/pause:1";

/** Path of containerd's socket. */
export function containerdSocket({ folder }: Pick<NodePlaces, "folder">): string {
  return join(folder, "containerd.sock");
}

/** The network of pods: each has a cable of its own to the node, so that the node's firewall sees all that they send. */
export function networkConfig({ folder }: NodePlaces): string {
  const ipam = {
    type: "host-local",
    dataDir: join(folder, "addresses"),
    ranges: [[{ subnet: "10.88.0.0/16", rangeStart: "10.88.1.1", gateway: NODE_ADDRESS }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const plugins = [{ type: "ptp", ipMasq: false, ipam }];
  return JSON.stringify({ cniVersion: "1.0.0", name: "pods", plugins });
}

/** containerd's configuration, without what needs more of a machine than its kernel. */
export function containerdConfig(places: NodePlaces): string {
  const { folder, plugins, runc } = places;
  return toml({
    version: 3,
    root: join(folder, "containerd"),
    state: join(folder, "state"),
    disabled_plugins: [
      ...["btrfs", "zfs", "devmapper", "blockfile", "erofs"].map(
        (name) => `io.containerd.snapshotter.v1.${name}`,
      ),
      "io.containerd.tracing.processor.v1.otlp",
      "io.containerd.nri.v1.nri",
    ],
    grpc: { address: containerdSocket(places) },
    plugins: {
      "io.containerd.internal.v1.opt": { path: join(folder, "opt") },
      "io.containerd.cri.v1.images": { snapshotter: "overlayfs", pinned_images: { sandbox: PAUSE_IMAGE } },
      "io.containerd.cri.v1.runtime": {
        disable_apparmor: true,
        // Only CAP_SYS_RESOURCE may ask for more than its own.
        restrict_oom_score_adj: true,
        cni: { bin_dirs: [plugins], conf_dir: join(folder, "network"), use_internal_loopback: true },
        containerd: {
          default_runtime_name: "runc",
          runtimes: {
            runc: {
              runtime_type: "io.containerd.runc.v2",
              options: { BinaryName: runc, SystemdCgroup: false, Root: join(folder, "runc") },
            },
            ...gvisor(places),
          },
        },
      },
    },
  });
}

function gvisor({ folder, runsc }: NodePlaces): object {
  if (runsc === null) return {};
  const options = { TypeUrl: "io.containerd.runsc.v1.options", ConfigPath: join(folder, "runsc.toml") };
  return { runsc: { runtime_type: "io.containerd.runsc.v1", options } };
}

/** The configuration of gVisor's shim. */
export function runscConfig({ folder, runsc }: NodePlaces): string {
  return toml({
    binary_name: runsc ?? "",
    root: join(folder, "runsc"),
    runsc_config: { platform: "systrap", network: "sandbox" },
  });
}

/** What a kubelet's pods and the API server get of it. */
export interface KubeletServices {
  readonly caFile: string;
  /** Address of the pods' name server, or null where there is none. */
  readonly dns: string | null;
  /** Whether it answers the API server, which has no certificate to show, and so everybody: logs, port-forward. */
  readonly isOpen: boolean;
}

/** The kubelet's configuration. */
export function kubeletConfig(places: NodePlaces, { caFile, dns, isOpen }: KubeletServices): string {
  const { folder, cgroup } = places;
  return JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: isOpen },
      webhook: { enabled: false },
      x509: { clientCAFile: caFile },
    },
    authorization: { mode: "AlwaysAllow" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    containerRuntimeEndpoint: `unix://${containerdSocket(places)}`,
    podLogsDir: join(folder, "pod-logs"),
    volumePluginDir: join(folder, "volume-plugins"),
    resolvConf: "",
    ...(dns === null ? {} : { clusterDNS: [dns], clusterDomain: "cluster.local" }),
    enforceNodeAllocatable: [],
    maxPods: 250,
    podPidsLimit: POD_PIDS_LIMIT,
    // Measuring volumes more often than each minute shows sooner that one is too big.
    volumeStatsAggPeriod: "10s",
    serializeImagePulls: false,
    kubeAPIQPS: 500,
    kubeAPIBurst: 1000,
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
  });
}

/** Most processes of one pod on such a node. */
export const POD_PIDS_LIMIT = 256;

/** Arguments of the kubelet. */
export function kubeletArgs({ folder }: NodePlaces): readonly string[] {
  return [
    ...["--config", join(folder, "kubelet.json"), "--kubeconfig", join(folder, "kubeconfig")],
    ...["--root-dir", join(folder, "kubelet"), "--cert-dir", join(folder, "certificates")],
    ...["--hostname-override", NODE_NAME, "--node-ip", NODE_ADDRESS],
  ];
}

type Toml = string | number | boolean | readonly string[] | { readonly [key: string]: Toml } | object;

/** Tables, texts, numbers and lists of texts as TOML. */
function toml(table: object): string {
  return tomlTable(table, []).join("\n");
}

function tomlTable(table: object, path: readonly string[]): readonly string[] {
  const entries = Object.entries(table) as readonly (readonly [string, Toml])[];
  const isTable = (value: Toml): value is object => typeof value === "object" && !Array.isArray(value);
  const header = path.length === 0 ? [] : [`[${path.map((key) => JSON.stringify(key)).join(".")}]`];
  return [
    ...header,
    ...entries.flatMap(([key, value]) => (isTable(value) ? [] : [`${key} = ${JSON.stringify(value)}`])),
    ...entries.flatMap(([key, value]) => (isTable(value) ? tomlTable(value, [...path, key]) : [])),
  ];
}
