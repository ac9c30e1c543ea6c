import type { LaunchRequest } from "../port.ts";
import type { HostRoot, RootEntry } from "./host-root.ts";
import { minimalEtc, SANDBOX_HOME } from "./minimal-etc.ts";
import { scratchBytes } from "./scratch-bytes.ts";
import { assertUsableWorkdir } from "./usable-workdir.ts";

/** What the installed bubblewrap can do. */
export interface BubblewrapFeatures {
  /** `--size`, for tmpfs. */
  readonly size: boolean;
  /** `--disable-userns`. */
  readonly disableUserns: boolean;
}

/** Where the parts of one sandbox are on the machine. */
export interface BubblewrapPlace {
  readonly bwrap: string;
  readonly sandboxd: string;
  readonly workdir: string;
  /** Folder with the files of {@link minimalEtc}. */
  readonly etc: string;
  /** A virtual environment to be seen at {@link INNER_VENV}, or null. */
  readonly venv: string | null;
}

/** Where sandboxd is inside. */
export const INNER_SANDBOXD = "/.rollyard/sandboxd";

/** Where a virtual environment is inside. */
export const INNER_VENV = "/.rollyard/venv";

/**
 * The command line that isolates one sandbox: every namespace new (the network's too, unless it is `open`), an
 * unprivileged user inside, a read-only `/usr` with a minimal `/etc`, a private `/tmp`, home and `/dev`, the workdir,
 * and nothing else. sandboxd is process 1 inside, so no signal of the agent reaches it; it dies with the supervisor.
 * Its socket comes as descriptor 3, so no path inside leads to it.
 */
export function bubblewrapArgv(
  request: LaunchRequest,
  place: BubblewrapPlace,
  host: { readonly root: HostRoot; readonly features: BubblewrapFeatures },
): readonly string[] {
  const { spec } = request;
  assertUsableWorkdir(spec.workdir);
  const uid = String(spec.runAsUser);
  return [
    place.bwrap,
    ["--unshare-all", "--unshare-user", "--uid", uid, "--gid", uid, "--hostname", "sandbox"],
    ...(host.features.disableUserns ? ["--disable-userns"] : []),
    ...(spec.network === "open" ? ["--share-net"] : []),
    ["--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"],
    ["--ro-bind", "/usr", "/usr", ...host.root.entries.flatMap(rootArgs)],
    ...etcArgs(request, place, host.root),
    ["--proc", "/proc", "--dev", "/dev", "--dir", "/var", "--symlink", "/tmp", "/var/tmp"],
    ...scratchArgs(request, host.features),
    ["--ro-bind", place.sandboxd, INNER_SANDBOXD],
    place.venv === null ? [] : ["--ro-bind", place.venv, INNER_VENV],
    ["--bind", place.workdir, spec.workdir, "--remount-ro", "/", "--chdir", spec.workdir, "--"],
  ].flat();
}

function rootArgs(entry: RootEntry): readonly string[] {
  return entry.kind === "link"
    ? ["--symlink", entry.target, entry.path]
    : ["--ro-bind", entry.path, entry.path];
}

function etcArgs(request: LaunchRequest, place: BubblewrapPlace, root: HostRoot): readonly string[] {
  const shared = root.etc.flatMap((name) => ["--ro-bind", `/etc/${name}`, `/etc/${name}`]);
  const own = minimalEtc(request.spec.runAsUser).flatMap(({ name }) => {
    const source = `${place.etc}/${name}`;
    return ["--ro-bind", source, `/etc/${name}`];
  });
  const isOpen = request.spec.network === "open" && root.resolvConf !== null;
  const names = isOpen ? ["--ro-bind", root.resolvConf ?? "", "/etc/resolv.conf"] : [];
  return [...shared, ...own, ...names];
}

/** Private writable places in memory: bounded, and gone with the sandbox. */
function scratchArgs(request: LaunchRequest, features: BubblewrapFeatures): readonly string[] {
  const size = features.size ? ["--size", String(scratchBytes(request.spec))] : [];
  return [
    [...size, "--perms", "1777", "--tmpfs", "/tmp"],
    [...size, "--perms", "1777", "--tmpfs", "/dev/shm"],
    [...size, "--perms", "0700", "--tmpfs", SANDBOX_HOME],
    ["--remount-ro", "/dev"],
  ].flat();
}
