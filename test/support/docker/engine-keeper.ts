import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { keepNamespace, removeCgroups } from "../lib/kept-namespace.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** A Docker engine of these tests alone. */
export interface KeptEngine {
  /** Its socket, as DOCKER_HOST. */
  readonly host: string;
  /** Resolves with its last words once nothing of it is left, whoever ended it. */
  readonly ended: Promise<string>;
  /** Ends it with all its containers. */
  stop(): Promise<void>;
}

/** A proxy that is not there: whoever pulls gets an error at once, and no registry hears of it. */
const NO_REGISTRY = { HTTP_PROXY: "http://127.0.0.1:9", HTTPS_PROXY: "http://127.0.0.1:9" };

/**
 * First process of a namespace of processes and mounts. It ends with the engine, which it kills when its standard input
 * ends; the kernel then kills containerd and every container, and the mounts are gone with the last of them. containerd
 * keeps sockets in /run whatever one tells it, so /run is its own.
 */
const FIRST = `
exec 3<&0
mount -t tmpfs run /run || exit
"$@" </dev/null 3<&- &
engine=$!
(read -r _ <&3; kill -KILL "$engine") &
wait "$engine"
`;

/**
 * Starts dockerd by hand, without a bridge network and without a rule in the firewall, in a folder and namespaces of its
 * own. It needs root. It ends with us, however we end.
 */
export async function keepEngine(): Promise<KeptEngine> {
  const folder = await ownedFolder("rollyard-engine-", (name) => removeCgroups(`/${name}`));
  const cgroup = `/${basename(folder)}`;
  const host = `unix://${folder}/socket`;
  await writeFile(configOf(folder), "{}");
  const { ended, stop } = keepNamespace({
    folder,
    cgroup,
    script: FIRST,
    argv: engineArgv(folder, cgroup, host),
    env: { ...process.env, ...NO_REGISTRY },
  });
  return { host, ended, stop };
}

function engineArgv(folder: string, cgroup: string, host: string): readonly string[] {
  return [
    ["dockerd", "--bridge=none", "--iptables=false", "--ip-forward=false"],
    ["--host", host, "--pidfile", `${folder}/pid`, "--data-root", `${folder}/data`],
    ["--exec-root", `${folder}/exec`, "--cgroup-parent", cgroup],
    ["--exec-opt", "native.cgroupdriver=cgroupfs"],
    // Nothing of this machine's own settings of an engine.
    ["--config-file", configOf(folder)],
  ].flat();
}

function configOf(folder: string): string {
  return join(folder, "daemon.json");
}
