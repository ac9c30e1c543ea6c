import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { startGrader } from "../../../services/grader/create-grader.ts";
import { startWorker } from "../../../services/worker/create-worker.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { publicReach } from "../../../src/config/dataset-reach.ts";
import { createFetchDataset } from "../../../src/config/fetch-dataset.ts";
import { ServedSnapshots } from "../../../src/controller/environment/served-snapshots.ts";
import { RolloutJobs } from "../../../src/controller/rollout-job/rollout-jobs.ts";
import type { SharingRules } from "../../../src/controller/rollout-job/dispatch-board.ts";
import { serveClusterSecrets } from "../../../src/controller/secrets/serve-secrets.ts";
import { EventRecorder } from "../../../src/kube/control/event-recorder.ts";
import { WorkerRoster } from "../../../src/job/worker-roster.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import type { Logger } from "../../../src/lib/logger.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { noObserver } from "../../../src/rollout/observer.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { createGraderMetrics } from "../../../src/telemetry/grader-metrics.ts";
import { MetricMaker } from "../../../src/telemetry/metric-makers.ts";
import { noMetrics } from "../../../src/telemetry/metrics-port.ts";
import { startNatsFixture } from "../bus/nats-fixture.ts";
import type { NatsFixture } from "../bus/nats-fixture.ts";
import { eventually } from "../cluster/eventually.ts";
import { kubectl, kubectlOk } from "../cluster/kubectl.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";
import { controllerKubeconfig } from "./controller-account.ts";
import { KnownEnvironments } from "./known-environments.ts";

/** Largest dataset of a test's controller. */
export const MAX_DATASET_MIB = 1;
/** For a busy machine. */
const PATIENCE_MS = 90_000;

/** Things to close, last opened first. */
type Closers = (() => Promise<unknown>)[];

/** The part of a controller that keeps RolloutJobs, as one process has it. */
export interface JobsController {
  readonly jobs: RolloutJobs;
  readonly environments: KnownEnvironments;
  /** Ends it as a leader that hands over. */
  stop(): Promise<void>;
}

/** How a controller of a test differs from the usual. */
export interface ControllerOptions {
  readonly environments?: KnownEnvironments;
  readonly rules?: Partial<SharingRules>;
  readonly logger?: Logger;
  /** Hosts inside that a dataset may come from. */
  readonly allowedHosts?: readonly string[];
}

/** A namespace of the test's API server, real streams, and whoever works on them. */
export class JobsWorld {
  readonly namespace: string;
  readonly nats: NatsFixture;
  readonly #cluster: TestCluster;
  readonly #closers: Closers = [];

  private constructor(cluster: TestCluster, namespace: string, nats: NatsFixture) {
    this.#cluster = cluster;
    this.namespace = namespace;
    this.nats = nats;
  }

  static async start(cluster: TestCluster, namespace: string): Promise<JobsWorld> {
    await kubectlOk(cluster, ["create", "namespace", namespace]);
    const nats = await startNatsFixture();
    const world = new JobsWorld(cluster, namespace, nats);
    const bus = await world.connect("setup");
    await bus.ensureStreams();
    return world;
  }

  async connect(name: string, user: "controller" | "worker" | "grader" = "controller"): Promise<Bus> {
    const bus = await this.nats.connect(name, user);
    this.#closers.push(() => bus.close());
    return bus;
  }

  async controller(options: ControllerOptions = {}): Promise<JobsController> {
    const { environments = new KnownEnvironments(), rules = {}, logger = silentLogger } = options;
    const reach = publicReach({ allowedHosts: options.allowedHosts ?? [], blockedRanges: [] });
    const transport = createKubeTransport(await this.#credentials());
    const client = new KubeClient(transport);
    const bus = await this.connect("controller");
    const common = { clock: systemClock, logger };
    const events = new EventRecorder({
      ...common,
      client,
      instance: "test",
      newId: () => randomIds.shortUid(),
    });
    const jobs = new RolloutJobs({
      ...common,
      client,
      transport,
      bus,
      environments,
      roster: new WorkerRoster(systemClock),
      rules: { namespaces: new Map(), modelEndpoints: new Map(), ...rules },
      fetchDataset: createFetchDataset({ maxMiB: MAX_DATASET_MIB, timeoutMs: 30_000, reach }),
      maxDatasetMiB: MAX_DATASET_MIB,
      events,
      ids: randomIds,
      random: Math.random,
    });
    const secrets = await serveClusterSecrets({
      bus,
      client,
      jobs,
      served: new ServedSnapshots(),
      logger,
    });
    const end = new AbortController();
    await jobs.start(end.signal);
    let stopping: Promise<void> | null = null;
    const stop = async (): Promise<void> => {
      end.abort();
      await secrets.stop();
      await jobs.stop();
      await transport.close();
    };
    const controller = { jobs, environments, stop: () => (stopping ??= stop()) };
    this.#closers.push(controller.stop);
    return controller;
  }

  /** Of the chart's account of the controller. */
  async #credentials(): Promise<KubeCredentials> {
    const folder = await mkdtemp(join(tmpdir(), "rollyard-account-"));
    try {
      return await kubeconfigCredentials(await controllerKubeconfig(this.#cluster, folder));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** A worker process's parts and a grader's. */
  async workers(slots = 16): Promise<void> {
    const common = { clock: systemClock, logger: silentLogger };
    const running = await startWorker({
      ...common,
      bus: await this.connect("worker", "worker"),
      id: `worker-${randomIds.shortUid()}`,
      slots,
      observer: noObserver,
      modelMetrics: noMetrics,
    });
    this.#closers.push(async () => {
      await running.worker.stop();
      await running.close();
    });
    const metrics = createGraderMetrics(new MetricMaker(new Registry()));
    const grader = startGrader({
      ...common,
      bus: await this.connect("grader", "grader"),
      concurrency: 16,
      metrics,
    });
    this.#closers.push(() => grader.stop());
  }

  kubectl(args: readonly string[], stdin: string | object = "") {
    return kubectl(this.#cluster, ["-n", this.namespace, ...args], stdin);
  }

  kubectlOk(args: readonly string[], stdin: string | object = ""): Promise<string> {
    return kubectlOk(this.#cluster, ["-n", this.namespace, ...args], stdin);
  }

  apply(object: JsonObject): Promise<string> {
    return this.kubectlOk(["apply", "-f", "-"], object);
  }

  /** The job's object; null when there is none. */
  async job(name: string): Promise<JsonObject | null> {
    const { code, stdout } = await this.kubectl(["get", "rolloutjob", name, "-o", "json"]);
    return code === 0 ? (JSON.parse(stdout) as JsonObject) : null;
  }

  /** Resolves with the job once a condition of it holds. */
  async untilCondition(name: string, type: string, status = "True"): Promise<Condition> {
    const found = await eventually(
      async () => conditionOf(await this.job(name), type),
      (condition) => condition?.status === status,
      PATIENCE_MS,
    );
    if (found === null) throw new TypeError("it was there");
    return found;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
    await this.nats.stop();
    await kubectl(this.#cluster, ["delete", "namespace", this.namespace, "--wait=false"]);
  }
}

/** A condition as a test looks at it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** A condition of an object; null when it has none of that type. */
export function conditionOf(object: JsonObject | null, type: string): Condition | null {
  const status = object?.["status"] as { readonly conditions?: readonly Condition[] } | undefined;
  return status?.conditions?.find((condition) => condition.type === type) ?? null;
}

/** An Environment's spec whose rollouts need no sandbox: the model's answer is compared with the row's. */
export const PLAIN_ENVIRONMENT: JsonObject = {
  sandbox: { image: "registry.example/none:1" },
  prompt: [{ role: "user", content: "{{ item.question }}" }],
  grader: {
    type: "string_check",
    name: "same",
    input: "{{ sample.output_text }}",
    reference: "{{ item.answer }}",
    operation: "eq",
  },
};

/** A RolloutJob on {@link PLAIN_ENVIRONMENT}. */
export function plainJob(name: string, baseURL: string, spec: JsonObject = {}): JsonObject {
  const rows: JsonValue = [0, 1, 2, 3].map((index) => ({ question: `q${index}`, answer: "yes" }));
  return {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "RolloutJob",
    metadata: { name },
    spec: {
      environmentRef: { name: "plain" },
      dataset: { inline: rows },
      samplesPerItem: 2,
      model: { baseURL, name: "policy" },
      ...spec,
    },
  };
}
