/** @typedef {"kubelet" | "containerd" | "containerd-shim-runc-v2" | "ctr" | "ptp" | "host-local" | "runsc" | "containerd-shim-runsc-v1"} NodeProgram */

const CONTAINERD = "github.com/containerd/containerd/v2/cmd";
const CNI = "github.com/containernetworking/plugins/plugins";

/**
 * The programs of a real Kubernetes node, and the Go modules that pin them. runc is not among them: it needs a C compiler, and
 * every distribution has it.
 * @type {readonly import("./tool-modules.mjs").ToolModule<NodeProgram>[]}
 */
export const NODE_MODULES = [
  {
    folder: "node/kubelet",
    cache: "node-kubelet",
    release: "k8s.io/kubernetes",
    programs: { kubelet: "k8s.io/kubernetes/cmd/kubelet" },
    stampsVersion: true,
  },
  {
    folder: "node/containerd",
    cache: "node-containerd",
    release: "github.com/containerd/containerd/v2",
    programs: {
      containerd: `${CONTAINERD}/containerd`,
      "containerd-shim-runc-v2": `${CONTAINERD}/containerd-shim-runc-v2`,
      ctr: `${CONTAINERD}/ctr`,
    },
    stampsVersion: false,
  },
  {
    folder: "node/cni",
    cache: "node-cni",
    release: "github.com/containernetworking/plugins",
    programs: { ptp: `${CNI}/main/ptp`, "host-local": `${CNI}/ipam/host-local` },
    stampsVersion: false,
  },
  {
    folder: "node/gvisor",
    cache: "node-gvisor",
    release: "gvisor.dev/gvisor",
    programs: { runsc: "gvisor.dev/gvisor/runsc", "containerd-shim-runsc-v1": "gvisor.dev/gvisor/shim" },
    stampsVersion: false,
  },
];
