import type { SandboxSpec } from "../../environment/sandbox-spec.ts";

/** What a launcher can bound beside namespaces and users. */
export interface Enforcement {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly processes: boolean;
  readonly disk: boolean;
  /** `open` can be kept away from this machine's own addresses. */
  readonly openNetworkFiltered: boolean;
  /** It runs `spec.image`. */
  readonly image: boolean;
}

/** What launchers can that make sandboxes of this machine's own namespaces: `RLIMIT_NPROC` in a user namespace of the sandbox. */
export const NAMESPACES_ENFORCE: Enforcement = {
  memory: false,
  cpu: false,
  processes: true,
  disk: false,
  openNetworkFiltered: false,
  image: false,
};

/** Whole sentences: what of the spec is not enforced, for the user at start. */
export function notEnforcedSentences(spec: SandboxSpec, has: Enforcement): readonly string[] {
  const { limits } = spec.resources;
  const rows: readonly (readonly [boolean, string])[] = [
    [!has.memory && limits["memory"] !== undefined, "The memory limit is not enforced."],
    [!has.cpu && limits["cpu"] !== undefined, "The CPU limit is not enforced."],
    [!has.processes, "The limit on processes is not enforced."],
    [
      !has.disk && limits["ephemeral-storage"] !== undefined,
      "The disk limit is not enforced: the workdir may fill this machine's temporary folder.",
    ],
    [
      spec.network === "open" && !has.openNetworkFiltered,
      "Network `open` is this machine's own network: its loopback, private and metadata addresses can be reached.",
    ],
    [
      !has.image && spec.image !== undefined,
      "The image is not used: commands see this machine's /usr and a copy of `local`.",
    ],
    [spec.runtimeClassName !== undefined, "The runtime class is used on a cluster only."],
  ];
  return rows.filter(([applies]) => applies).map(([, sentence]) => sentence);
}
