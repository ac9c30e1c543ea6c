import type { JsonObject } from "../../lib/json.ts";
import type { LaunchRequest } from "../port.ts";
import { SANDBOX_PATH } from "../sandbox-path.ts";
import { INNER_SANDBOXD, INNER_VENV } from "./bubblewrap-argv.ts";
import type { HostRoot } from "./host-root.ts";
import { minimalEtc, SANDBOX_HOME } from "./minimal-etc.ts";
import { scratchBytes } from "./scratch-bytes.ts";
import { assertUsableWorkdir } from "./usable-workdir.ts";

/** Where the parts of one sandbox are on the machine. */
export interface GvisorPlace {
  /** Folder of its own; everything else is below it. */
  readonly root: string;
  readonly workdir: string;
  /** Folder in which sandboxd makes its socket. */
  readonly socketFolder: string;
  readonly sandboxd: string;
  /** A virtual environment to be seen inside, or null. */
  readonly venv: string | null;
}

/** Where sandboxd's socket is inside. */
export const INNER_SOCKET = "/.rollyard/run/s";

const READ_ONLY = ["rbind", "ro", "nosuid", "nodev"];
const WRITABLE = ["rbind", "rw", "nosuid", "nodev"];

/**
 * The OCI bundle of one sandbox, as gVisor's runsc reads it: a read-only `/usr` with a minimal `/etc`, a private `/tmp` and
 * home, the workdir, and nothing else of this machine. `command` starts as root of a user namespace without a capability but
 * the one that `unshare` needs to become the spec's user in another, which has none.
 * Source of the format: https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function gvisorBundle(
  request: LaunchRequest,
  place: GvisorPlace,
  { root, command }: { readonly root: HostRoot; readonly command: readonly string[] },
): JsonObject {
  const { spec } = request;
  assertUsableWorkdir(spec.workdir);
  const uid = String(spec.runAsUser);
  const becomesUser = ["/usr/bin/unshare", "--user", `--map-user=${uid}`, `--map-group=${uid}`, "--"];
  const needed = ["CAP_SETFCAP"];
  return {
    ociVersion: "1.0.2",
    hostname: "sandbox",
    root: { path: `${place.root}/rootfs`, readonly: true },
    process: {
      user: { uid: 0, gid: 0 },
      args: [...becomesUser, ...command],
      env: [`PATH=${SANDBOX_PATH}`],
      cwd: spec.workdir,
      noNewPrivileges: true,
      capabilities: { bounding: needed, effective: needed, permitted: needed },
    },
    mounts: mountsOf(request, place, root),
    linux: { namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
  };
}

function mountsOf(request: LaunchRequest, place: GvisorPlace, root: HostRoot): readonly JsonObject[] {
  const { spec } = request;
  const isOpen = spec.network === "open" && root.resolvConf !== null;
  const own = minimalEtc(spec.runAsUser).map(({ name }) => [`/etc/${name}`, `${place.root}/etc/${name}`]);
  const readOnly: readonly (readonly string[])[] = [
    ["/usr", "/usr"],
    ...root.entries.map((entry) => [entry.path, entry.kind === "link" ? `/${entry.target}` : entry.path]),
    ...root.etc.map((name) => [`/etc/${name}`, `/etc/${name}`]),
    ...own,
    ...(isOpen ? [["/etc/resolv.conf", root.resolvConf ?? ""]] : []),
    [INNER_SANDBOXD, place.sandboxd],
    ...(place.venv === null ? [] : [[INNER_VENV, place.venv]]),
  ];
  const size = scratchBytes(spec);
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/dev", type: "tmpfs", source: "tmpfs" },
    ...readOnly.map(([destination = "", source = ""]) => bind(destination, source, READ_ONLY)),
    scratch("/tmp", size, "1777"),
    scratch("/dev/shm", size, "1777"),
    scratch(SANDBOX_HOME, size, "0700"),
    bind(INNER_SOCKET.slice(0, INNER_SOCKET.lastIndexOf("/")), place.socketFolder, WRITABLE),
    bind(spec.workdir, place.workdir, WRITABLE),
  ];
}

function bind(destination: string, source: string, options: readonly string[]): JsonObject {
  return { destination, type: "bind", source, options };
}

function scratch(destination: string, size: number, mode: string): JsonObject {
  const options = ["nosuid", "nodev", `size=${size}`, `mode=${mode}`];
  return { destination, type: "tmpfs", source: "tmpfs", options };
}
