import { execFile } from "node:child_process";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import type { Server } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { NODE_ADDRESS } from "../../../scripts/lib/private-network.mjs";
import { kubectl, kubectlOk } from "../cluster/kubectl.ts";
import { startWholeCluster } from "../cluster/whole-cluster.ts";
import type { WholeCluster } from "../cluster/whole-cluster.ts";
import { makeServiceArchives } from "../images/service-archives.ts";
import type { ServiceImages } from "../images/service-archives.ts";
import { ownedFolder } from "../lib/owned-folder.ts";
import { nodeCommand, startProgram } from "../run/run-cli.ts";
import type { CliEnv, RunningCli } from "../run/run-cli.ts";
import { endpointSlice, localVolume } from "./page-objects.ts";
import { NodeFirewall } from "./node-firewall.ts";
import type { SandboxImage } from "./node-images.ts";
import { RealNode } from "./real-node.ts";
import { ServiceNetwork } from "./service-network.ts";
import { forwardPort } from "./tempting-network.ts";

/** What a reader of the page has, and where. */
export interface PageWorldOptions {
  /** Path of helm. */
  readonly helm: string;
  /** What this reader adds to `helm install`: a machine as small as this one has no room for the defaults. */
  readonly values: object;
  readonly images: ServiceImages;
  readonly sandboxes: readonly SandboxImage[];
  readonly volumes: number;
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const COMMAND_MS = 400_000;
const API_PORT = 6443;

const run = promisify(execFile);

/**
 * An empty cluster of one real node, with what the page on Kubernetes says that a cluster has: enforced NetworkPolicies, names
 * and addresses of Services, storage. And a shell with helm, kubectl and rollyard in which the page's commands are run.
 */
export class PageWorld {
  readonly whole: WholeCluster;
  readonly node: RealNode;
  /** Where the commands are run. */
  readonly folder: string;
  readonly #ends: (() => Promise<unknown>)[];

  private constructor(made: Pick<PageWorld, "whole" | "node" | "folder">, ends: (() => Promise<unknown>)[]) {
    this.whole = made.whole;
    this.node = made.node;
    this.folder = made.folder;
    this.#ends = ends;
  }

  static async start(options: PageWorldOptions): Promise<PageWorld> {
    const ends: (() => Promise<unknown>)[] = [];
    try {
      const folder = await ownedFolder("rollyard-page-");
      ends.push(() => rm(folder, { recursive: true, force: true }));
      await chmod(folder, 0o711);
      const whole = await startWholeCluster();
      ends.push(() => whole.stop());
      const node = await RealNode.start(whole, {
        images: options.sandboxes,
        moreImages: (place) => makeServiceArchives(place, options.images),
        hasGvisor: false,
        isWhole: true,
      });
      ends.push(() => node.stop());
      const world = new PageWorld({ whole, node, folder }, ends);
      await world.#network();
      await world.#storage(options.volumes);
      await world.#shell(options);
      return world;
    } catch (error) {
      for (const end of ends.toReversed()) await end();
      throw error;
    }
  }

  /** Runs shell commands as the reader does; resolves with what they printed. Rejects, with the cluster's state, when one fails. */
  async run(commands: string): Promise<string> {
    const env = { ...process.env, ...this.#env() };
    const options = { cwd: this.folder, env, timeout: COMMAND_MS };
    try {
      const { stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", commands], options);
      return `${stdout}${stderr}`;
    } catch (error) {
      const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
      const state = await this.#state();
      throw new Error(`${commands}\n${stdout}${stderr}\n${state}`, { cause: error });
    }
  }

  /** Starts a command that the reader leaves running, or answers. */
  start(words: readonly string[], options: { readonly takesInput?: boolean } = {}): RunningCli {
    return startProgram(words, this.#env(), options);
  }

  /** Makes a Service whose other side is a port of this machine's loopback. */
  async serve(
    service: { readonly namespace: string; readonly name: string; readonly port: number },
    behind: number,
  ): Promise<void> {
    const { namespace, name, port } = service;
    await this.#forward(port, behind);
    const object = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { ports: [{ port }] },
    };
    await kubectlOk(this.whole.cluster, ["create", "-f", "-"], object);
    const slice = endpointSlice({ namespace, name, portName: "", address: NODE_ADDRESS, port });
    await kubectlOk(this.whole.cluster, ["create", "-f", "-"], slice);
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
  }

  #env(): CliEnv {
    return {
      PATH: [join(this.folder, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
      HOME: this.folder,
      KUBECONFIG: this.whole.plane.kubeconfigFile,
      MODEL_KEY: "a-key",
    };
  }

  async #network(): Promise<void> {
    const { client, cluster, plane } = this.whole;
    await this.#forward(API_PORT, Number(new URL(plane.server).port));
    const place = { namespace: "default", name: "kubernetes" };
    const slice = endpointSlice({ ...place, portName: "https", address: NODE_ADDRESS, port: API_PORT });
    await kubectlOk(cluster, ["create", "-f", "-"], slice);
    const firewall = new NodeFirewall(client);
    await firewall.start();
    const network = new ServiceNetwork(client);
    await network.start(NODE_ADDRESS);
    this.#ends.push(
      () => firewall.stop(),
      () => network.stop(),
    );
  }

  async #forward(port: number, behind: number): Promise<void> {
    const server: Server = await forwardPort(NODE_ADDRESS, port, behind);
    this.#ends.push(async () => void server.close());
  }

  async #storage(volumes: number): Promise<void> {
    for (let index = 0; index < volumes; index += 1) {
      const path = join(this.folder, `volume-${index}`);
      await mkdir(path);
      await kubectlOk(this.whole.cluster, ["create", "-f", "-"], localVolume(`volume-${index}`, path));
    }
  }

  async #shell({ helm, values }: PageWorldOptions): Promise<void> {
    const bin = join(this.folder, "bin");
    await mkdir(bin);
    await symlink(join(ROOT, "charts"), join(this.folder, "charts"));
    const file = join(this.folder, "values.json");
    await writeFile(file, JSON.stringify(values));
    const programs = {
      helm: `if [ "$1" = install ]; then exec "${helm}" "$@" -f "${file}"; fi\nexec "${helm}" "$@"`,
      kubectl: `exec "${this.whole.cluster.kubectl}" "$@"`,
      rollyard: `exec ${nodeCommand("services/cli/main.ts", ['"$@"']).join(" ")}`,
    };
    for (const [name, script] of Object.entries(programs))
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** For error texts. */
  async #state(): Promise<string> {
    const { cluster } = this.whole;
    const logs = ["-n", "rollyard-system", "logs", "--prefix", "--tail=15", "--all-containers"];
    const ended = await Promise.all([
      kubectl(cluster, ["get", "pods,pvc,rolloutjobs,environments", "-A", "-o", "wide"]),
      kubectl(cluster, ["get", "events", "-A", "--sort-by=.lastTimestamp"]),
      kubectl(cluster, [...logs, "-l", "app.kubernetes.io/part-of=rollyard"]),
    ]);
    return ended.map(({ stdout, stderr }) => `${stdout.slice(-8000)}${stderr}`).join("\n");
  }
}
