import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { ensureNodePrograms } from "../../../scripts/lib/node-programs.mjs";
import { findOnPath } from "../../../scripts/lib/find-on-path.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { NODE_ADDRESS } from "../../../scripts/lib/private-network.mjs";
import { findSandboxd } from "../../../services/cli/find-programs.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { NODE_NAME } from "../cluster/control-plane-commands.ts";
import { eventually } from "../cluster/eventually.ts";
import type { WholeCluster } from "../cluster/whole-cluster.ts";
import { keepNamespace, removeCgroups } from "../lib/kept-namespace.ts";
import type { KeptNamespace } from "../lib/kept-namespace.ts";
import { cgroupRoots } from "./cgroup-roots.ts";
import {
  containerdConfig,
  containerdSocket,
  kubeletArgs,
  kubeletConfig,
  networkConfig,
  runscConfig,
} from "./node-files.ts";
import type { NodePlaces } from "./node-files.ts";
import { makeNodeImages } from "./node-images.ts";
import type { SandboxImage } from "./node-images.ts";
import { nodeScript } from "./node-script.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

const run = promisify(execFile);
const NODES = { group: "", version: "v1", plural: "nodes" };
const READY_MS = 60_000;

interface NodeObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** What a node is made of. */
export interface RealNodeOptions {
  readonly images: readonly SandboxImage[];
  /** Whether it runs pods of gVisor's too. */
  readonly hasGvisor: boolean;
  /** Makes archives of more images in a folder; resolves with their paths. */
  readonly moreImages?: (folder: string) => Promise<readonly string[]>;
  /** Whether pods find a name server at the node's address, and the API server reads their logs and dials their ports. */
  readonly isWhole?: boolean;
}

/**
 * A real kubelet with containerd and runc in PID and mount namespaces of their own, in the network namespace of the tests. It
 * ends with us, however we end, with all its pods, mounts and cgroups.
 */
export class RealNode {
  readonly #places: NodePlaces;
  readonly #kept: KeptNamespace;
  readonly #ctr: string;

  private constructor(places: NodePlaces, kept: KeptNamespace, ctr: string) {
    this.#places = places;
    this.#kept = kept;
    this.#ctr = ctr;
  }

  /** Starts one on a control plane; resolves when it is Ready. */
  static async start(
    { plane, client }: Pick<WholeCluster, "plane" | "client">,
    { images, hasGvisor, moreImages, isWhole = false }: RealNodeOptions,
  ): Promise<RealNode> {
    const programs = await ensureNodePrograms(findPlaces(), [
      ...(["kubelet", "containerd", "containerd-shim-runc-v2", "ctr", "ptp", "host-local"] as const),
    ]);
    const folder = await ownedFolder("rollyard-node-", (name) => removeCgroups(`/${name}`));
    await chmod(folder, 0o711);
    const gvisor = hasGvisor
      ? await ensureNodePrograms(findPlaces(), ["runsc", "containerd-shim-runsc-v1"])
      : null;
    const places: NodePlaces = {
      folder,
      cgroup: `/${basename(folder)}`,
      plugins: dirname(programs.ptp),
      runc: findOnPath("runc", process.env["PATH"]) ?? "",
      runsc: gvisor?.runsc ?? null,
    };
    await writeNodeFiles(places, plane, isWhole);
    for (const root of await cgroupRoots()) await mkdir(join(root, places.cgroup));
    const containerd = [programs.containerd, "--config", join(folder, "containerd.toml")];
    const kubelet = [programs.kubelet, ...kubeletArgs(places)];
    const shims = [programs.containerd, gvisor?.["containerd-shim-runsc-v1"]].flatMap((path) =>
      path === undefined ? [] : [dirname(path)],
    );
    const kept = keepNamespace({
      folder,
      cgroup: places.cgroup,
      script: nodeScript(folder, containerd, kubelet),
      argv: [],
      env: { ...process.env, PATH: [...shims, process.env["PATH"] ?? ""].join(":") },
    });
    const node = new RealNode(places, kept, programs.ctr);
    try {
      await node.#load(images, moreImages);
      kept.say("kubelet");
      await eventually(
        () => client.get<NodeObject>(NODES, { name: NODE_NAME }),
        (found) => isReady(found),
        READY_MS,
      );
      return node;
    } catch (error) {
      const words = await node.lastWords();
      await node.stop();
      throw new Error(`the node did not get ready:\n${words}`, { cause: error });
    }
  }

  /** The end of its programs' logs, for error texts. */
  async lastWords(): Promise<string> {
    const logs = ["log", "containerd.log", "kubelet.log"].map(async (name) => {
      const text = await readFile(join(this.#places.folder, name), "utf8").catch(() => "");
      return `${name}:\n${text.trimEnd().split("\n").slice(-15).join("\n")}`;
    });
    return (await Promise.all(logs)).join("\n");
  }

  /** The machine is gone, with all that runs on it. Safe to repeat. */
  stop(): Promise<void> {
    return this.#kept.stop();
  }

  /** Kills a container's first process, as an administrator of the machine can. */
  async killContainer(id: string): Promise<void> {
    await this.#ask("tasks", "kill", "--signal", "SIGKILL", id);
  }

  /** Runs a program in a container as its own user, whatever its first process wants; resolves with what it printed. */
  async runInside(id: string, argv: readonly string[]): Promise<string> {
    // The node's own /run, where its pipes would be, is not ours.
    const pipes = await mkdtemp(join(this.#places.folder, "pipes-"));
    return this.#ask("tasks", "exec", "--fifo-dir", pipes, "--exec-id", basename(pipes), id, ...argv);
  }

  async #ask(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(this.#ctr, ["-a", containerdSocket(this.#places), "-n", "k8s.io", ...args]);
    return stdout;
  }

  /** Gives an image another name. */
  async tagImage(name: string, other: string): Promise<void> {
    await this.#ask("images", "tag", name, other);
  }

  async #load(images: readonly SandboxImage[], moreImages: RealNodeOptions["moreImages"]): Promise<void> {
    const folder = join(this.#places.folder, "images");
    const archives = [
      ...(await makeNodeImages(folder, await findSandboxd(process.env), images)),
      ...((await moreImages?.(join(folder, "more"))) ?? []),
    ];
    const isUp = (): Promise<boolean> =>
      this.#ask("version").then(
        () => true,
        () => false,
      );
    await eventually(isUp, (up) => up, READY_MS, 50);
    for (const archive of archives) {
      await this.#ask("images", "import", archive);
      await rm(archive);
    }
  }
}

function isReady(node: NodeObject | null): boolean {
  const conditions = node?.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

async function writeNodeFiles(
  places: NodePlaces,
  plane: WholeCluster["plane"],
  isWhole: boolean,
): Promise<void> {
  const { folder } = places;
  await mkdir(join(folder, "network"));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, plane.ca);
  const services = { caFile: ca, dns: isWhole ? NODE_ADDRESS : null, isOpen: isWhole };
  await copyFile(plane.nodeKubeconfigFile, join(folder, "kubeconfig"));
  const files: readonly (readonly [string, string])[] = [
    ["network/10-pods.conflist", networkConfig(places)],
    ["containerd.toml", containerdConfig(places)],
    ["runsc.toml", runscConfig(places)],
    ["kubelet.json", kubeletConfig(places, services)],
  ];
  for (const [name, text] of files) await writeFile(join(folder, name), text);
}
