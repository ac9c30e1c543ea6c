/** @typedef {"etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubectl" | "kwok"} ControlPlaneProgram */

/**
 * The programs of a Kubernetes control plane, and the Go modules that pin them.
 * @type {readonly import("./tool-modules.mjs").ToolModule<ControlPlaneProgram>[]}
 */
export const CONTROL_PLANE_MODULES = [
  {
    folder: "controlplane/etcd",
    cache: "control-plane-etcd",
    release: "go.etcd.io/etcd/server/v3",
    programs: { etcd: "go.etcd.io/etcd/server/v3" },
    stampsVersion: false,
  },
  {
    folder: "controlplane/kube",
    cache: "control-plane-kube",
    release: "k8s.io/kubernetes",
    programs: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
    },
    stampsVersion: true,
  },
  {
    folder: "controlplane/kwok",
    cache: "control-plane-kwok",
    release: "sigs.k8s.io/kwok",
    programs: { kwok: "sigs.k8s.io/kwok/cmd/kwok" },
    stampsVersion: false,
  },
];
