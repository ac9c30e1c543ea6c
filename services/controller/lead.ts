import type { Bus } from "../../src/bus/port.ts";
import { publicReach } from "../../src/config/dataset-reach.ts";
import { createFetchDataset } from "../../src/config/fetch-dataset.ts";
import type { FetchDataset } from "../../src/config/fetch-dataset.ts";
import { Environments } from "../../src/controller/environment/environments.ts";
import { loadSigningKeys } from "../../src/controller/environment/signing-key-secret.ts";
import { ServedSnapshots } from "../../src/controller/environment/served-snapshots.ts";
import { fencedBus } from "../../src/controller/leadership/fenced-bus.ts";
import { fencedTransport } from "../../src/controller/leadership/fenced-transport.ts";
import type { LeaderFence } from "../../src/controller/leadership/leader-fence.ts";
import { probeNetwork } from "../../src/controller/network-probe/network-probe.ts";
import type { SandboxPressure } from "../../src/controller/rollout-job/job-conditions.ts";
import { RolloutJobs } from "../../src/controller/rollout-job/rollout-jobs.ts";
import { serveClusterSecrets } from "../../src/controller/secrets/serve-secrets.ts";
import type { WorkerRoster } from "../../src/job/worker-roster.ts";
import { toRollyardError } from "../../src/errors/rollyard-error.ts";
import { EventRecorder } from "../../src/kube/control/event-recorder.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeTransport } from "../../src/kube/transport/kube-transport.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { whenAborted } from "../../src/lib/when-aborted.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import type { AttemptRef } from "../../src/rollout/attempt-ref.ts";
import { NodeCache } from "../../src/sandbox/launchers/kubernetes/node-cache.ts";
import { PodCache } from "../../src/sandbox/launchers/kubernetes/pod-cache.ts";
import { SANDBOXD_PORT } from "../../src/sandbox/launchers/kubernetes/pod-shape.ts";
import type { StartPressure } from "../../src/sandbox/port.ts";
import { brokerStarter } from "./broker-starter.ts";
import type { ControllerConfig } from "./config.ts";
import type { LeaderMetrics } from "./leader-metrics.ts";
import { patiently } from "./patiently.ts";
import { sharingRules } from "./sharing-rules.ts";

/** The longest that the download of a dataset may take. */
const DATASET_MS = 120_000;

/** What a leader is made of. */
export interface LeaderParts {
  readonly config: ControllerConfig;
  readonly transport: KubeTransport;
  readonly bus: Bus;
  /** The controller's own. */
  readonly namespace: string;
  readonly identity: string;
  readonly metrics: LeaderMetrics;
  readonly logger: Logger;
  readonly fence: LeaderFence;
  /** The workers that this process has heard of while it waited. */
  readonly roster: WorkerRoster;
}

/** Looks after all Environments and RolloutJobs until the signal aborts, then leaves everything for the next leader. */
export async function lead(parts: LeaderParts, signal: AbortSignal): Promise<void> {
  const { metrics } = parts;
  metrics.leads(true);
  const closers: (() => Promise<void>)[] = [];
  const ending = new AbortController();
  const until = AbortSignal.any([signal, ending.signal]);
  try {
    await compose(parts, until, closers).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown;
      // Its parts were still waiting for what they begin with.
      parts.logger.info("told to end before all was looked after", { code: toRollyardError(thrown).code });
    });
    await whenAborted(signal);
  } finally {
    // Also when it could not be begun: what runs has to hear of it.
    ending.abort();
    for (const close of closers.toReversed()) await close();
    metrics.leads(false);
  }
}

async function compose(
  parts: LeaderParts,
  signal: AbortSignal,
  closers: (() => Promise<void>)[],
): Promise<void> {
  const shared = sharedParts(parts);
  const { bus, client, logger, clock } = shared;
  await patiently(() => bus.ensureStreams(), { clock, logger, signal });
  const keys = await patiently(() => loadSigningKeys(client, parts.namespace), { clock, logger, signal });
  const pods = new PodCache({ ...shared, kid: keys.current.kid, namespace: parts.config.watchNamespace });
  const nodes = new NodeCache(shared);
  const mirrors = Promise.all([pods.run(signal), nodes.run(signal)]);
  closers.push(async () => void (await mirrors));
  const served = new ServedSnapshots();
  const known = Promise.withResolvers<(ref: AttemptRef) => boolean>();
  const environments: Environments = newEnvironments(parts, shared, {
    ...shared,
    keys,
    pods,
    nodes,
    sandboxdImage: parts.config.sandboxdImage,
    nameservers: parts.config.network.nameservers,
    needOf: (ref, purpose) => jobs.needOf(ref, purpose),
    jobsKnown: known.promise,
    metrics: parts.metrics.sandboxes,
    outcomeMetrics: parts.metrics.outcomes,
    served,
  });
  const jobs = newJobs(parts, shared, environments);
  await Promise.race([Promise.all([pods.untilSynced(), nodes.untilSynced()]), mirrors]);
  await environments.start(signal);
  closers.push(() => environments.stop({ handOver: true }));
  const secrets = await serveClusterSecrets({ bus, client, jobs, served, logger });
  closers.push(() => secrets.stop());
  await jobs.start(signal);
  closers.push(() => jobs.stop());
  known.resolve((ref) => jobs.isLive(ref));
  closers.push(startProbing(parts, shared, environments, signal));
  logger.info("environments and jobs are looked after", { identity: parts.identity });
}

/** What every part of a leader works with: whatever writes does so behind the fence. */
function sharedParts({ transport, bus, fence, identity, logger }: LeaderParts) {
  const fenced = fencedTransport(transport, fence);
  const client = new KubeClient(fenced);
  const common = { clock: systemClock, logger, random: Math.random };
  const newId = (): string => randomIds.shortUid();
  const events = new EventRecorder({ ...common, client, instance: identity, newId });
  return { ...common, client, events, transport: fenced, bus: fencedBus(bus, fence) };
}

type SharedParts = ReturnType<typeof sharedParts>;

function newEnvironments(
  { config, namespace, metrics }: LeaderParts,
  shared: SharedParts,
  brokers: Parameters<typeof brokerStarter>[0],
): Environments {
  const { clients, nameservers, blockedRanges } = config.network;
  const environments: Environments = new Environments({
    ...shared,
    startBroker: brokerStarter(brokers),
    policySettings: {
      clients: { namespace, components: clients },
      port: SANDBOXD_PORT,
      nameservers,
      blockedRanges,
    },
    ...(config.watchNamespace === undefined ? {} : { namespace: config.watchNamespace }),
    observer: metrics.kube.queue("environment", () => environments.queueDepth),
  });
  return environments;
}

function newJobs(
  { config, metrics, roster }: LeaderParts,
  shared: SharedParts,
  environments: Environments,
): RolloutJobs {
  const jobs: RolloutJobs = new RolloutJobs({
    ...shared,
    environments,
    roster,
    rules: sharingRules(config),
    watchNamespace: config.watchNamespace,
    fetchDataset: datasetFetcher(config),
    maxDatasetMiB: config.datasets.maxMiB,
    ids: randomIds,
    metrics: metrics.outcomes,
    observer: metrics.kube.queue("rollout_job", () => jobs.queueDepth),
    pressureOf: (environmentUid) => jobPressure(environments.hindrance(environmentUid)),
  });
  return jobs;
}

/** Users choose the url and the controller asks: it asks nobody inside whom the administrator did not name. */
function datasetFetcher({ datasets, network }: ControllerConfig): FetchDataset {
  const { maxMiB, allowedHosts } = datasets;
  const reach = publicReach({ allowedHosts, blockedRanges: network.blockedRanges });
  return createFetchDataset({ maxMiB, timeoutMs: DATASET_MS, reach });
}

/** Jobs know two reasons to wait for sandboxes; an API server that does not answer places no pod either. */
function jobPressure(pressure: StartPressure | null): SandboxPressure | null {
  if (pressure === null) return null;
  return { ...pressure, reason: pressure.reason === "Quota" ? "Quota" : "Unschedulable" };
}

/** Probes now and from time to time; returns how to wait for its end. */
function startProbing(
  { config, namespace }: LeaderParts,
  { client, clock, logger }: SharedParts,
  environments: Environments,
  signal: AbortSignal,
): () => Promise<void> {
  const { enabled, everySeconds } = config.policyProbe;
  const newId = (): string => randomIds.shortUid();
  const probe = { client, namespace, image: config.sandboxdImage, clock, logger, newId };
  const probing = async (): Promise<void> => {
    if (!enabled) return;
    while (!signal.aborted) {
      const found = await probeNetwork(probe, signal);
      if (!signal.aborted) environments.setEnforcement(found);
      await clock.sleep(everySeconds * 1000, signal);
    }
  };
  const running = probing();
  return () => running;
}
