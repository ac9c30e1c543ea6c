import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClusterProcess } from "./cluster-process.ts";
import {
  apiserverArgs,
  etcdArgs,
  kcmArgs,
  kubeconfig,
  kwokArgs,
  schedulerArgs,
  schedulerConfig,
  TOKENS,
  tokenFile,
} from "./control-plane-commands.ts";
import type { ControlPlanePlaces } from "./control-plane-commands.ts";
import { freePort } from "../lib/free-port.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** Paths of the programs that every control plane is made of. */
export interface ControlPlanePrograms {
  readonly etcd: string;
  readonly "kube-apiserver": string;
}

/** Paths of the programs that play the rest of a cluster. */
export interface NodePrograms {
  readonly "kube-controller-manager": string;
  readonly "kube-scheduler": string;
  readonly kwok: string;
}

/** A real etcd and kube-apiserver on loopback, and what a test asks for beside them. Nothing of it outlives the tests. */
export interface ControlPlane {
  /** A kubeconfig file of an administrator. */
  readonly kubeconfigFile: string;
  /** A kubeconfig file of the real node. */
  readonly nodeKubeconfigFile: string;
  readonly server: string;
  /** Where etcd answers, metrics too. */
  readonly etcdServer: string;
  /** The API server's certificates, PEM. */
  readonly ca: string;
  /** The key of its own, PEM. */
  readonly key: string;
  readonly etcd: ClusterProcess;
  readonly apiserver: ClusterProcess;
  /** Resolves when the API server says that it is ready. */
  untilReady(): Promise<void>;
  /** Makes etcd forget every version but the present one. */
  compact(): Promise<void>;
  /** Adds controller manager, scheduler and kwok; resolves when they were started. */
  startNodes(programs: NodePrograms): Promise<readonly ClusterProcess[]>;
  stop(): Promise<void>;
}

const KWOK_CONFIG = fileURLToPath(new URL("kwok.yaml", import.meta.url));
const READY_MS = 60_000;
const POLL_MS = 50;

/** Starts etcd and kube-apiserver in a new folder and waits until they answer. */
export async function startControlPlane(programs: ControlPlanePrograms): Promise<ControlPlane> {
  const folder = await ownedFolder("rollyard-cluster-");
  const [apiPort, etcdPort, etcdPeerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const plane = new StartedControlPlane(programs, { folder, apiPort, etcdPort, etcdPeerPort });
  try {
    await plane.start();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

class StartedControlPlane implements ControlPlane {
  readonly kubeconfigFile: string;
  readonly nodeKubeconfigFile: string;
  readonly server: string;
  readonly etcdServer: string;
  readonly etcd: ClusterProcess;
  readonly apiserver: ClusterProcess;
  readonly #places: ControlPlanePlaces;
  readonly #more: ClusterProcess[] = [];
  #ca = "";
  #key = "";

  constructor(programs: ControlPlanePrograms, places: ControlPlanePlaces) {
    this.#places = places;
    this.server = `https://127.0.0.1:${places.apiPort}`;
    this.etcdServer = `http://127.0.0.1:${places.etcdPort}`;
    this.kubeconfigFile = join(places.folder, "admin.kubeconfig");
    this.nodeKubeconfigFile = join(places.folder, "node.kubeconfig");
    this.etcd = this.#process("etcd", [programs.etcd, ...etcdArgs(places)]);
    this.apiserver = this.#process("kube-apiserver", [programs["kube-apiserver"], ...apiserverArgs(places)]);
  }

  get ca(): string {
    return this.#ca;
  }

  get key(): string {
    return this.#key;
  }

  async start(): Promise<void> {
    await this.#writeFiles();
    await this.etcd.start();
    await this.apiserver.start();
    await this.untilReady();
  }

  async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline) {
      this.#ca = await this.#readPki("apiserver.crt");
      this.#key = await this.#readPki("apiserver.key");
      if (this.#ca !== "" && (await isReady(`${this.server}/readyz`, this.#ca))) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const words = await Promise.all([this.etcd.lastWords(), this.apiserver.lastWords()]);
    throw new Error(`the control plane did not get ready:\n${words.join("\n")}`);
  }

  async compact(): Promise<void> {
    const etcd = `${this.etcdServer}/v3`;
    const { header } = (await post(`${etcd}/kv/range`, { key: "AA==" })) as {
      readonly header: { readonly revision: string };
    };
    await post(`${etcd}/kv/compaction`, { revision: header.revision, physical: true });
  }

  async startNodes(programs: NodePrograms): Promise<readonly ClusterProcess[]> {
    const [kcmPort, schedulerPort, kwokPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const kcm = [programs["kube-controller-manager"], ...kcmArgs(this.#places, kcmPort)];
    const scheduler = [programs["kube-scheduler"], ...schedulerArgs(this.#places, schedulerPort)];
    const kwok = [programs.kwok, ...kwokArgs(this.#places, kwokPort), "--config", KWOK_CONFIG];
    const started = [
      this.#process("kcm", kcm),
      this.#process("scheduler", scheduler),
      this.#process("kwok", kwok),
    ];
    this.#more.push(...started);
    for (const each of started) await each.start();
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#more.map((each) => each.stop()));
    // An API server that is asked nicely waits for its watchers.
    await this.apiserver.kill();
    await this.etcd.kill();
    await rm(this.#places.folder, { recursive: true, force: true });
  }

  #process(name: string, command: readonly string[]): ClusterProcess {
    return new ClusterProcess(name, command, join(this.#places.folder, `${name}.log`));
  }

  #readPki(name: string): Promise<string> {
    return readFile(join(this.#places.folder, "pki", name), "utf8").catch(() => "");
  }

  async #writeFiles(): Promise<void> {
    const { folder } = this.#places;
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await mkdir(join(folder, "pki"), { recursive: true });
    const files: readonly (readonly [string, string])[] = [
      ["pki/sa.key", privateKey.export({ type: "pkcs1", format: "pem" }).toString()],
      ["pki/sa.pub", publicKey.export({ type: "spki", format: "pem" }).toString()],
      ["tokens.csv", tokenFile()],
      ["scheduler.yaml", schedulerConfig(this.#places)],
      ...Object.entries(TOKENS).map(
        ([name, token]) => [`${name}.kubeconfig`, kubeconfig(this.#places, token)] as const,
      ),
    ];
    for (const [name, text] of files) await writeFile(join(folder, name), text, { mode: 0o600 });
  }
}

function isReady(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${TOKENS.admin}` };
    const request = get(url, { ca, headers, timeout: 2000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

async function post(url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.json();
}
