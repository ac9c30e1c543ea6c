import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findPrograms } from "../../../services/cli/find-programs.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { chartConfig, installChart } from "../../support/chart/installed-chart.ts";
import { kubectlOk } from "../../support/cluster/kubectl.ts";
import type { LocalKubelet } from "../../support/cluster/kubelet/local-kubelet.ts";
import { startLocalNode, startWholeCluster } from "../../support/cluster/whole-cluster.ts";
import type { WholeCluster } from "../../support/cluster/whole-cluster.ts";
import { ApiProxy } from "../../support/kube/api-proxy.ts";
import { freePort } from "../../support/lib/free-port.ts";
import { makeNatsNodes } from "../world/nats-node.ts";
import type { NatsNode } from "../world/nats-node.ts";
import { RawBus } from "../world/raw-bus.ts";
import { Service } from "../world/service.ts";
import type { ModelConfig } from "../world/model/model-config.ts";

/** What runs in a cluster's world. */
export interface ClusterWorldOptions {
  readonly controllers: number;
  readonly workers: number;
  readonly graders: number;
  /** What sandboxes have in their workdir. */
  readonly corpus?: string | null;
  /** Whether pods are run by a node of this machine; else a test brings its nodes. */
  readonly hasLocalNode?: boolean;
  /** Whether the controllers speak to the API server without the proxy. */
  readonly isDirect?: boolean;
  /** The controllers' program; by default that of the sources. */
  readonly controllerMain?: string;
  /** Of the controllers' Node. */
  readonly controllerNodeOptions?: string;
  /** How far the controllers' wall clocks are ahead, the first's first. */
  readonly clocksAheadMs?: readonly number[];
  /** Rollouts a worker takes at once. */
  readonly slots?: number;
  readonly restartMs?: () => number;
  /** Whether the controllers probe the network: their pods need a node that runs them. */
  readonly probesPolicy?: boolean;
  /** More of the controllers' configuration. */
  readonly controllerConfig?: object;
}

/** A simulated model and its own account of what it answered. */
export interface WorldModel {
  readonly origin: string;
  readonly log: string;
  /** File of what its endpoint for tools ran. */
  readonly tools: string;
  stop(): Promise<void>;
}

interface ServiceStart {
  readonly isUp?: () => Promise<boolean>;
  readonly aheadMs?: number;
  /** `NAME=VALUE`. */
  readonly env?: readonly string[];
}

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string };
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SYSTEM = "rollyard-system";
const LEASES = { group: "coordination.k8s.io", version: "v1", plural: "leases" };
const RESTART_MS = 500;

/** Every process of an installation, each of which can be killed, paused and started again, on a real control plane. */
export class ClusterWorld {
  readonly whole: WholeCluster;
  readonly kubelet: LocalKubelet | null;
  /** Between the controllers and the API server. */
  readonly proxy: ApiProxy;
  readonly nats: readonly NatsNode[];
  readonly bus: RawBus;
  readonly #options: ClusterWorldOptions;
  #controllers: readonly Service[] = [];
  #others: readonly Service[] = [];
  #gatewayUrl: string | null = null;
  #models = 0;
  #isStopped = false;

  private constructor(
    options: ClusterWorldOptions,
    made: Pick<ClusterWorld, "whole" | "kubelet" | "proxy" | "nats" | "bus">,
  ) {
    this.#options = options;
    this.whole = made.whole;
    this.kubelet = made.kubelet;
    this.proxy = made.proxy;
    this.nats = made.nats;
    this.bus = made.bus;
  }

  /** Starts control plane, node and bus, installs the chart's kinds and rights; the services come with {@link startServices}. */
  static async start(options: ClusterWorldOptions): Promise<ClusterWorld> {
    const whole = await startWholeCluster();
    try {
      const { folder, plane } = whole;
      await chmod(folder, 0o711);
      await mkdir(join(folder, "logs"));
      const proxy = await proxyOf(plane);
      const kubelet =
        options.hasLocalNode === false
          ? null
          : await startLocalNode(whole, { corpus: options.corpus ?? null });
      const password = randomBytes(18).toString("base64url");
      process.env["NATS_PASSWORD"] = password;
      const nats = await makeNatsNodes({
        binary: (await findPrograms(process.env)).natsServer,
        folders: [join(folder, "nats")],
        password,
        syncInterval: "1s",
        restartMs: () => RESTART_MS,
      });
      await Promise.all(nats.map(({ service }) => service.start()));
      const bus = await RawBus.connect(
        nats.map(({ port }) => port),
        password,
      );
      const world = new ClusterWorld(options, { whole, kubelet, proxy, nats, bus });
      await world.#install();
      return world;
    } catch (error) {
      await whole.stop();
      throw error;
    }
  }

  get folder(): string {
    return this.whole.folder;
  }

  get controllers(): readonly Service[] {
    return this.#controllers;
  }

  get workers(): readonly Service[] {
    return this.#others.filter(({ name }) => name.startsWith("worker"));
  }

  get graders(): readonly Service[] {
    return this.#others.filter(({ name }) => name.startsWith("grader"));
  }

  /** Of the first gateway; null while there is none. */
  get gatewayUrl(): string | null {
    return this.#gatewayUrl;
  }

  /** What ended without being killed, with its last words. */
  get gaveUp(): readonly string[] {
    return [...this.#controllers, ...this.#others].flatMap(({ gaveUp }) => gaveUp);
  }

  /** Runs kubectl as an administrator. */
  kubectl(args: readonly string[], stdin: string | object = ""): Promise<string> {
    return kubectlOk(this.whole.cluster, args, stdin);
  }

  /** Controllers, workers and graders. */
  async startServices(): Promise<void> {
    const { controllers, workers, graders, slots = 64 } = this.#options;
    this.#controllers = await Promise.all(
      Array.from({ length: controllers }, (_, index) => this.#startController(index)),
    );
    const more = await Promise.all([
      ...Array.from({ length: workers }, (_, index) => this.#startService("worker", index, { slots })),
      ...Array.from({ length: graders }, (_, index) => this.#startService("grader", index)),
    ]);
    this.#others = [...this.#others, ...more];
  }

  /** Starts a simulated model of the chaos runs, for one job. */
  async startModel(config: Omit<ModelConfig, "port" | "logFile" | "toolFile">): Promise<WorldModel> {
    const port = await freePort();
    const name = `model-${(this.#models += 1)}`;
    const log = join(this.folder, `${name}.jsonl`);
    const toolFile = join(this.folder, `${name}.tools`);
    const file = join(this.folder, `${name}.json`);
    await writeFile(file, JSON.stringify({ ...config, port, logFile: log, toolFile } satisfies ModelConfig));
    const origin = `http://127.0.0.1:${port}`;
    const isUp = (): Promise<boolean> =>
      fetch(origin).then(
        () => true,
        () => false,
      );
    const model = this.#service(name, ["test/chaos/parts/model-main.ts", file], { isUp });
    await model.start();
    this.#others = [...this.#others, model];
    return { origin, log, tools: toolFile, stop: () => model.stop() };
  }

  /** Starts a gateway, with the chart's configuration and account. */
  async startGateway(): Promise<{ readonly url: string; readonly service: Service }> {
    const port = await freePort();
    const name = `gateway-${this.#others.length}`;
    const file = join(this.folder, `${name}.yaml`);
    const config = {
      ...(await chartConfig("gateway", this.#natsServers())),
      kubeconfig: await this.#kubeconfigOf("rollyard-gateway", name),
      listen: { host: "127.0.0.1", port },
    };
    await writeFile(file, JSON.stringify(config));
    const url = `http://127.0.0.1:${port}`;
    const isUp = (): Promise<boolean> =>
      fetch(url).then(
        () => true,
        () => false,
      );
    const service = this.#service(name, ["services/gateway/main.ts", "--config", file], { isUp });
    await service.start();
    this.#others = [...this.#others, service];
    this.#gatewayUrl ??= url;
    return { url, service };
  }

  /** Who holds the lease, by the name that each start of a controller has for itself; empty while nobody does. */
  async holder(): Promise<string> {
    const leases = await this.whole.client.list<Lease>(LEASES, { namespace: SYSTEM });
    return (
      (leases?.items ?? []).map(({ spec }) => spec?.holderIdentity ?? "").find((name) => name !== "") ?? ""
    );
  }

  /** The controller that holds the lease; null while none that runs does. */
  async leader(): Promise<Service | null> {
    const holder = await this.holder();
    for (const controller of this.#controllers) {
      const log = await this.logOf(controller);
      const last = log.lastIndexOf("controller started");
      const name = /"identity":"([^"]+)"/.exec(log.slice(log.lastIndexOf("\n", last) + 1))?.[1];
      if (name !== undefined && holder === name) return controller;
    }
    return null;
  }

  /** What a service has said so far, through all of its starts. */
  logOf({ name }: Service): Promise<string> {
    return readFile(this.#logOf(name), "utf8").catch(() => "");
  }

  /** The last lines of a service's log, for error texts. */
  async lastWords(lines = 20): Promise<string> {
    const texts = await Promise.all(
      [...this.#controllers, ...this.#others].map(async (service) => {
        const text = await this.logOf(service);
        return `${service.name}:\n${text.trimEnd().split("\n").slice(-lines).join("\n")}`;
      }),
    );
    return texts.join("\n");
  }

  /** Copies the services' logs to a folder that stays; resolves with its path. */
  async keepLogs(): Promise<string> {
    const kept = await mkdtemp(join(tmpdir(), "chaos-cluster-"));
    await cp(join(this.folder, "logs"), kept, { recursive: true });
    return kept;
  }

  /** Ends everything. Safe to repeat. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await Promise.all([...this.#controllers, ...this.#others].map((service) => service.stop()));
    await this.bus.close();
    await Promise.all(this.nats.map(({ service }) => service.stop()));
    await this.kubelet?.stop();
    await this.proxy.close();
    await this.whole.stop();
  }

  async #install(): Promise<void> {
    await installChart(this.whole.cluster);
  }

  async #startController(index: number): Promise<Service> {
    const name = `controller-${index + 1}`;
    const aheadMs = this.#options.clocksAheadMs?.[index] ?? 0;
    const kubeconfig = await this.#kubeconfigOf("rollyard-controller", name);
    const file = join(this.folder, `${name}.yaml`);
    const config = {
      ...(await chartConfig("controller", this.#natsServers())),
      kubeconfig,
      namespace: SYSTEM,
      sandboxdImage: "registry.example/sandboxd:1",
      // Its pods run nothing that most tests' nodes know.
      policyProbe: { enabled: this.#options.probesPolicy === true },
      ...this.#options.controllerConfig,
    };
    await writeFile(file, JSON.stringify(config));
    const { controllerMain = "services/controller/main.ts", controllerNodeOptions } = this.#options;
    const command = [controllerMain, "--config", file];
    const env = controllerNodeOptions === undefined ? [] : [`NODE_OPTIONS=${controllerNodeOptions}`];
    const service = this.#service(name, command, { aheadMs, env });
    await service.start();
    return service;
  }

  #natsServers(): readonly string[] {
    return this.nats.map(({ port }) => `127.0.0.1:${port}`);
  }

  /** A file for a process with the rights of a service account, through the proxy. */
  async #kubeconfigOf(account: string, name: string): Promise<string> {
    const token = await this.kubectl(["-n", SYSTEM, "create", "token", account, "--duration=8h"]);
    const admin = JSON.parse(await readFile(this.whole.plane.kubeconfigFile, "utf8")) as {
      readonly clusters: readonly { readonly name: string; readonly cluster: object }[];
    };
    const { isDirect = false } = this.#options;
    const server = isDirect ? this.whole.plane.server : `https://127.0.0.1:${this.proxy.port}`;
    const clusters = admin.clusters.map(({ name, cluster }) => ({ name, cluster: { ...cluster, server } }));
    const file = join(this.folder, `${name}.kubeconfig`);
    const users = [{ name: "test", user: { token: token.trim() } }];
    await writeFile(file, JSON.stringify({ ...admin, clusters, users }), { mode: 0o600 });
    return file;
  }

  async #startService(kind: "worker" | "grader", index: number, settings: object = {}): Promise<Service> {
    const name = `${kind}-${index + 1}`;
    const file = join(this.folder, `${name}.yaml`);
    const config = { ...(await chartConfig(kind, this.#natsServers())), ...settings };
    await writeFile(file, JSON.stringify(config));
    const service = this.#service(name, [`services/${kind}/main.ts`, "--config", file]);
    await service.start();
    return service;
  }

  #service(
    name: string,
    args: readonly string[],
    { isUp, aheadMs = 0, env = [] }: ServiceStart = {},
  ): Service {
    const command = aheadMs === 0 ? nodeCommand(args) : aheadOf(nodeCommand(args), aheadMs);
    return new Service({
      name,
      command: env.length === 0 ? command : ["/usr/bin/env", ...env, ...command],
      logFile: this.#logOf(name),
      restartMs: this.#options.restartMs ?? ((): number => RESTART_MS),
      ...(isUp === undefined ? {} : { isUp }),
    });
  }

  #logOf(name: string): string {
    return join(this.folder, "logs", `${name}.log`);
  }
}

async function proxyOf(plane: WholeCluster["plane"]): Promise<ApiProxy> {
  const { port } = new URL(plane.server);
  const proxy = new ApiProxy({ host: "127.0.0.1", port: Number(port), cert: plane.ca, key: plane.key });
  await proxy.listen();
  return proxy;
}

function aheadOf([node = "", ...args]: readonly string[], ms: number): readonly string[] {
  const shift = join(ROOT, "test/chaos/parts/clock-ahead-main.ts");
  return ["/usr/bin/env", `CLOCK_AHEAD_MS=${ms}`, node, "--import", shift, ...args];
}

function nodeCommand([script = "", ...args]: readonly string[]): readonly string[] {
  return [process.execPath, resolve(ROOT, script), ...args];
}
