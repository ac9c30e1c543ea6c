/**
 * The programs of a Kubernetes control plane, and the Go modules under tools/controlplane that pin them. `release` is
 * the module whose version names the cached folder; `stampsVersion`: the program reports a version only if the linker
 * is told one.
 * @type {readonly ControlPlaneModule[]}
 */
export const CONTROL_PLANE_MODULES = [
  {
    name: "etcd",
    release: "go.etcd.io/etcd/server/v3",
    programs: { etcd: "go.etcd.io/etcd/server/v3" },
    stampsVersion: false,
  },
  {
    name: "kube",
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
    name: "kwok",
    release: "sigs.k8s.io/kwok",
    programs: { kwok: "sigs.k8s.io/kwok/cmd/kwok" },
    stampsVersion: false,
  },
];

/** @typedef {"etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubectl" | "kwok"} ControlPlaneProgram */
/**
 * @typedef {{
 *   name: string,
 *   release: string,
 *   programs: Readonly<Partial<Record<ControlPlaneProgram, string>>>,
 *   stampsVersion: boolean,
 * }} ControlPlaneModule
 */

/**
 * The version of a module's release in its go.mod, without the `v`.
 * @param {string} goMod
 * @param {string} release
 * @returns {string | null}
 */
export function releaseVersion(goMod, release) {
  const line = goMod.split("\n").find((text) =>
    text
      .trim()
      .replace(/^require /, "")
      .startsWith(`${release} v`),
  );
  return /v(\d+\.\d+\.\d+)/.exec(line?.slice(line.indexOf(release) + release.length) ?? "")?.[1] ?? null;
}

/**
 * What the linker is told: no debug tables and, for Kubernetes, the version that `kubectl version` shows. A build from
 * the module's source alone does not know it.
 * @param {string | null} version null for programs that report none
 */
export function linkerFlags(version) {
  if (version === null) return "-s -w";
  const [major = "", minor = ""] = version.split(".");
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const stamps = packages.flatMap((name) => [
    `-X ${name}.gitVersion=v${version}`,
    `-X ${name}.gitMajor=${major}`,
    `-X ${name}.gitMinor=${minor}`,
    `-X ${name}.gitTreeState=clean`,
  ]);
  return ["-s -w", ...stamps].join(" ");
}
