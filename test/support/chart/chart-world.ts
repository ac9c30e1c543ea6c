import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RawBus } from "../../chaos/world/raw-bus.ts";
import type { Service } from "../../chaos/world/service.ts";
import { kubectlOk } from "../cluster/kubectl.ts";
import type { LocalKubelet } from "../cluster/kubelet/local-kubelet.ts";
import { startLocalNode, startWholeCluster } from "../cluster/whole-cluster.ts";
import type { WholeCluster } from "../cluster/whole-cluster.ts";
import { startProgram } from "../run/run-cli.ts";
import type { CliEnd } from "../run/run-cli.ts";
import { startChartNats } from "./chart-nats.ts";
import type { ChartNats } from "./chart-nats.ts";
import { findObject, podSpecOf } from "./chart-objects.ts";
import type { ChartObject } from "./chart-objects.ts";
import { ChartRelease, RELEASE, RELEASE_NAMESPACE } from "./chart-release.ts";
import { chartService, replicasOf, templateOf } from "./chart-service.ts";
import type { ChartComponent, ChartServicePlace } from "./chart-service.ts";
import type { TestHelm } from "./test-helm.ts";

const TEST_JOB = fileURLToPath(new URL("../../../charts/rollyard/files/test-job.mjs", import.meta.url));
const SERVICES: readonly ChartComponent[] = ["controller", "worker", "grader", "gateway"];
/** Its pods run nothing that the test's node knows. */
const BASE = { config: { policyProbe: { enabled: false } } };

/** Values of a test. */
export type ChartValues = Readonly<Record<string, object>>;

/** The chart on a real control plane, its services and its NATS as processes of this machine. */
export class ChartWorld {
  readonly whole: WholeCluster;
  readonly release: ChartRelease;
  readonly bus: RawBus;
  readonly #kubelet: LocalKubelet;
  readonly #nats: ChartNats;
  readonly #running = new Map<ChartComponent, Service[]>();
  readonly #stopped: Service[] = [];
  #objects: readonly ChartObject[];
  #started = 0;

  private constructor(made: {
    readonly whole: WholeCluster;
    readonly release: ChartRelease;
    readonly bus: RawBus;
    readonly kubelet: LocalKubelet;
    readonly nats: ChartNats;
    readonly objects: readonly ChartObject[];
  }) {
    this.whole = made.whole;
    this.release = made.release;
    this.bus = made.bus;
    this.#kubelet = made.kubelet;
    this.#nats = made.nats;
    this.#objects = made.objects;
  }

  /** Installs the chart, and starts its NATS; the services come with {@link startServices}. */
  static async start(found: TestHelm, corpus: string | null, values: ChartValues = {}): Promise<ChartWorld> {
    const whole = await startWholeCluster();
    try {
      const { folder } = whole;
      await chmod(folder, 0o711);
      await mkdir(join(folder, "services"));
      const kubelet = await startLocalNode(whole, { corpus });
      const release = new ChartRelease(found, whole.cluster, folder);
      await release.install({ controller: BASE, ...values });
      const objects = await release.objects();
      const nats = await startChartNats({ objects, fullname: RELEASE, folder: join(folder, "nats") });
      const bus = await RawBus.connect(nats.ports, nats.passwords.controller);
      return new ChartWorld({ whole, release, bus, kubelet, nats, objects });
    } catch (error) {
      await whole.stop();
      throw error;
    }
  }

  /** What ended without being told to, with its last words. */
  get gaveUp(): readonly string[] {
    const services = [...this.#stopped, ...this.#services(), ...this.#nats.services];
    return services.flatMap(({ gaveUp }) => gaveUp);
  }

  /** As many processes of each service as the chart wants. */
  async startServices(): Promise<void> {
    const components = SERVICES.flatMap((component) =>
      Array.from({ length: replicasOf(this.#objects, component) }, () => component),
    );
    await Promise.all(components.map((component) => this.#start(component)));
  }

  /**
   * Upgrades the release, then replaces what has changed as the cluster would: of a Deployment a new process is ready before an
   * old one is told to end, of the StatefulSet one server after the other. Resolves with the names of what was replaced.
   */
  async upgrade(values: ChartValues): Promise<readonly string[]> {
    const before = this.#objects;
    await this.release.install(values);
    this.#objects = await this.release.objects();
    const changed = SERVICES.filter(
      (component) => templateOf(before, component) !== templateOf(this.#objects, component),
    );
    for (const component of changed) await this.#roll(component);
    const hasNewNats = natsConfigOf(before) !== natsConfigOf(this.#objects);
    if (hasNewNats) await this.#nats.roll(this.#objects);
    return hasNewNats ? [...changed, "nats"] : changed;
  }

  /** Runs what the pod of `helm test` would run, with its variables and its account. */
  async runTestJob(): Promise<CliEnd> {
    const hooks = await this.release.hooks();
    // The cluster runs no hook here: they are applied as helm would.
    const rights = hooks.filter(({ kind }) => kind !== "Pod");
    await kubectlOk(this.whole.cluster, ["apply", "-f", "-"], {
      apiVersion: "v1",
      kind: "List",
      items: rights,
    });
    const name = `${RELEASE}-test`;
    const pod = podSpecOf(findObject(hooks, "Pod", name));
    const own = new Map(pod?.containers[0]?.env?.map((variable) => [variable.name, variable.value ?? ""]));
    const token = join(this.whole.folder, "test.token");
    await writeFile(token, await this.#tokenOf(pod?.serviceAccountName ?? ""), { mode: 0o600 });
    const ca = join(this.whole.folder, "test.ca");
    await writeFile(ca, this.whole.plane.ca);
    return startProgram([process.execPath, TEST_JOB], {
      NAMESPACE: own.get("NAMESPACE") ?? "",
      NAME: own.get("NAME") ?? "",
      SANDBOX_IMAGE: own.get("SANDBOX_IMAGE") ?? "",
      API_SERVER: this.whole.plane.server,
      NODE_EXTRA_CA_CERTS: ca,
      TOKEN_FILE: token,
      MODEL_HOST: "127.0.0.1",
      MODEL_PORT: "0",
    }).ended;
  }

  /** The last lines of every process, for error texts. */
  async lastWords(lines = 20): Promise<string> {
    const texts = await Promise.all(
      this.#services().map(async ({ name }) => {
        const log = join(this.whole.folder, "services", `${name}.log`);
        const text = await readFile(log, "utf8").catch(() => "");
        return `${name}:\n${text.trimEnd().split("\n").slice(-lines).join("\n")}`;
      }),
    );
    return texts.join("\n");
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await Promise.all(this.#services().map((service) => service.stop()));
    await this.bus.close();
    await this.#nats.stop();
    await this.#kubelet.stop();
    await this.whole.stop();
  }

  #services(): readonly Service[] {
    return [...this.#running.values()].flat();
  }

  async #start(component: ChartComponent): Promise<void> {
    const place: ChartServicePlace = {
      objects: this.#objects,
      natsPorts: this.#nats.ports,
      folder: join(this.whole.folder, "services"),
      kubeconfigOf: (account) => this.#kubeconfigOf(account),
    };
    const service = await chartService(component, (this.#started += 1), place);
    const running = this.#running.get(component) ?? [];
    this.#running.set(component, running);
    running.push(service);
    await service.start();
  }

  async #roll(component: ChartComponent): Promise<void> {
    const running = this.#running.get(component) ?? [];
    for (const old of [...running]) {
      await this.#start(component);
      running.splice(running.indexOf(old), 1);
      this.#stopped.push(old);
      await old.stop();
    }
  }

  async #kubeconfigOf(account: string): Promise<string> {
    const admin = JSON.parse(await readFile(this.whole.plane.kubeconfigFile, "utf8")) as {
      readonly contexts: readonly { readonly name: string; readonly context: object }[];
    };
    const contexts = admin.contexts.map(({ name, context }) => ({
      name,
      context: { ...context, namespace: RELEASE_NAMESPACE },
    }));
    const users = [{ name: "test", user: { token: await this.#tokenOf(account) } }];
    const file = join(this.whole.folder, `${account}.kubeconfig`);
    await writeFile(file, JSON.stringify({ ...admin, contexts, users }), { mode: 0o600 });
    return file;
  }

  async #tokenOf(account: string): Promise<string> {
    const create = ["-n", RELEASE_NAMESPACE, "create", "token", account, "--duration=8h"];
    return (await kubectlOk(this.whole.cluster, create)).trim();
  }
}

function natsConfigOf(objects: readonly ChartObject[]): string {
  return findObject(objects, "ConfigMap", `${RELEASE}-nats`).data?.["nats.conf"] ?? "";
}
