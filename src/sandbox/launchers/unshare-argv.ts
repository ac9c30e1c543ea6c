import type { LaunchRequest } from "../port.ts";
import { INNER_SANDBOXD, INNER_VENV } from "./bubblewrap-argv.ts";
import type { BubblewrapPlace } from "./bubblewrap-argv.ts";
import type { HostRoot } from "./host-root.ts";
import { minimalEtc, SANDBOX_HOME } from "./minimal-etc.ts";
import { scratchBytes } from "./scratch-bytes.ts";
import { assertUsableWorkdir } from "./usable-workdir.ts";

/** Where the parts of one sandbox are; `newRoot` is an empty folder on which its root is mounted. */
export interface UnsharePlace extends Omit<BubblewrapPlace, "bwrap"> {
  readonly newRoot: string;
}

// Runs as root of a new user namespace, in new mount and PID namespaces; builds the new root, moves into it, and gives
// all rights up in one more user namespace. Positional arguments only: nothing is ever pasted into it.
const BUILD_ROOT = `set -eu
umask 022
new=$1 work=$2 inner=$3 sandboxd=$4 etc=$5 size=$6 resolv=$7 uid=$8 home=$9
shift 9
read_only() { mkdir -p "$new$2"; mount --rbind "$1" "$new$2"; mount -o remount,bind,ro,nosuid,nodev "$new$2"; }
one_file() { mkdir -p "$new\${2%/*}"; : > "$new$2"; mount --bind "$1" "$new$2"; mount -o remount,bind,"$3" "$new$2"; }
scratch() { mkdir -p "$new$1"; mount -t tmpfs -o "nosuid,nodev,size=$size,mode=$2" tmpfs "$new$1"; }
mount --make-rprivate /
mount -t tmpfs -o nosuid,nodev,size=16m,mode=755 tmpfs "$new"
read_only /usr /usr
while [ "$1" != -- ]; do
  case $1 in
    link) ln -s "$2" "$new$3" ;;
    folder) read_only "$2" "$3" ;;
    shared) if [ -d "$2" ]; then read_only "$2" "$3"; else one_file "$2" "$3" ro,nosuid,nodev; fi ;;
  esac
  shift 3
done
shift
mkdir -p "$new/proc" "$new/dev" "$new/var" "$new/old"
mount -t proc -o nosuid,nodev,noexec proc "$new/proc"
for device in null zero full random urandom tty; do : > "$new/dev/$device"; mount --bind "/dev/$device" "$new/dev/$device"; done
ln -s /proc/self/fd "$new/dev/fd"
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${stream%:*}" "$new/dev/\${stream#*:}"; done
ln -s /tmp "$new/var/tmp"
for scratch_place in /tmp:1777 /dev/shm:1777 "$home:700"; do scratch "\${scratch_place%:*}" "\${scratch_place##*:}"; done
for file in passwd group hosts nsswitch.conf; do one_file "$etc/$file" "/etc/$file" ro,nosuid,nodev; done
if [ -n "$resolv" ]; then one_file "$resolv" /etc/resolv.conf ro,nosuid,nodev; fi
one_file "$sandboxd" ${INNER_SANDBOXD} ro,nosuid,nodev
mkdir -p "$new$inner"
mount --bind "$work" "$new$inner"
mount -o remount,bind,nosuid,nodev "$new$inner"
hostname sandbox 2> /dev/null || :
if [ -z "$resolv" ]; then ip link set lo up 2> /dev/null || :; fi
cd "$new"
pivot_root . old
cd /
umount -l /old
rmdir /old
mount -o remount,bind,ro,nosuid,nodev /
cd "$inner"
exec unshare --user --map-user="$uid" --map-group="$uid" -- "$@"
`;

/**
 * The command line that isolates one sandbox as {@link import("./bubblewrap-argv.ts").bubblewrapArgv} does, with
 * nothing but util-linux (2.38 or later) and a shell.
 */
export function unshareArgv(request: LaunchRequest, place: UnsharePlace, root: HostRoot): readonly string[] {
  const { spec } = request;
  assertUsableWorkdir(spec.workdir);
  const isOpen = spec.network === "open";
  return [
    ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"],
    ["--ipc", "--uts", "--cgroup"],
    isOpen ? [] : ["--net"],
    ["--", "/bin/sh", "-c", BUILD_ROOT, "sandbox"],
    [place.newRoot, place.workdir, spec.workdir, place.sandboxd, place.etc],
    [String(scratchBytes(spec)), isOpen ? (root.resolvConf ?? "") : ""],
    [String(spec.runAsUser), SANDBOX_HOME],
    rootTriples(root),
    place.venv === null ? [] : ["folder", place.venv, INNER_VENV],
    ["--"],
  ].flat();
}

/** What to put into the new root: kind, source, place, three arguments each. */
function rootTriples(root: HostRoot): readonly string[] {
  const entries = root.entries.flatMap((entry) =>
    entry.kind === "link" ? ["link", entry.target, entry.path] : ["folder", entry.path, entry.path],
  );
  const own = new Set(minimalEtc(0).map(({ name }) => name));
  const shared = root.etc
    .filter((name) => !own.has(name))
    .flatMap((name) => ["shared", `/etc/${name}`, `/etc/${name}`]);
  return [...entries, ...shared];
}
