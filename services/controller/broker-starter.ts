import type { Bus } from "../../src/bus/port.ts";
import { tracedEnvironment } from "../../src/bus/subjects.ts";
import type { EnvironmentBroker, StartBroker } from "../../src/controller/environment/environment-broker.ts";
import type { ReadyEnvironment } from "../../src/controller/environment/ready-environment.ts";
import type { ServedSnapshots } from "../../src/controller/environment/served-snapshots.ts";
import { ServedTraces } from "../../src/controller/environment/served-traces.ts";
import { readAssets } from "../../src/controller/rollout-job/read-assets.ts";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import type { GraderAssets } from "../../src/grader/command/grader-file.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/logger.ts";
import type { AttemptRef } from "../../src/rollout/attempt-ref.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { SandboxBroker } from "../../src/sandbox/broker.ts";
import { serveReleases } from "../../src/sandbox/sandbox-releases.ts";
import { graderSandboxSpec } from "../../src/sandbox/grader-sandbox-spec.ts";
import { KubernetesLauncher } from "../../src/sandbox/launchers/kubernetes/kubernetes-launcher.ts";
import type { NodeCache } from "../../src/sandbox/launchers/kubernetes/node-cache.ts";
import type { PodCache } from "../../src/sandbox/launchers/kubernetes/pod-cache.ts";
import type { Purpose } from "../../src/sandbox/purpose.ts";
import { sandboxSpecFor } from "../../src/sandbox/sandbox-spec-for.ts";
import type { SandboxNeed } from "../../src/sandbox/sandbox-need.ts";
import type { SigningKeySet } from "../../src/sandbox/signing-keys.ts";
import { servedJobSpec } from "../../src/trace/served-job.ts";
import type { OutcomeMetrics } from "../../src/telemetry/metrics-port.ts";
import type { SandboxMetrics } from "../../src/telemetry/sandbox-metrics.ts";

/** What the brokers of all Environments share. */
export interface BrokerStarterOptions {
  readonly client: KubeClient;
  readonly bus: Bus;
  readonly pods: PodCache;
  readonly nodes: NodeCache;
  readonly keys: SigningKeySet;
  readonly sandboxdImage: string;
  readonly nameservers: readonly string[];
  readonly needOf: (ref: AttemptRef, purpose: Purpose) => SandboxNeed | null;
  /** Resolves when all jobs are known, with who still lives. */
  readonly jobsKnown: Promise<(ref: AttemptRef) => boolean>;
  readonly metrics: SandboxMetrics;
  readonly outcomeMetrics: OutcomeMetrics;
  readonly served: ServedSnapshots;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes the brokers of Environments over pods: each with its launcher, and with what drivers give back. */
export function brokerStarter(options: BrokerStarterOptions): StartBroker {
  return async (environment, isDraining) => {
    const { bus, metrics } = options;
    const launcher = newLauncher(environment, options);
    const current = { environment };
    const broker = new SandboxBroker({
      ...options,
      needOf: (ref, purpose) =>
        isTrace(ref) ? traceNeed(current.environment, purpose) : options.needOf(ref, purpose),
      launcher,
      namespace: environment.namespace,
      environmentUid: environment.uid,
      localFolder: null,
      observer: metrics.observer,
      ...sandboxesOf(environment, isDraining),
    });
    await broker.start();
    const place = { namespace: environment.namespace, environmentUid: environment.uid };
    const releases = await serveReleases(bus, place, (ref) => broker.release(ref, ["agent"]));
    const unwatch = metrics.watch(environment.name, () => broker.snapshot());
    const traces = newTraces(environment, broker, options);
    traces.update(environment, isDraining);
    void retireDead({ broker, traces }, options);
    return {
      update: (changed, drains) => {
        current.environment = changed;
        broker.update(sandboxesOf(changed, drains));
        traces.update(changed, drains);
      },
      release: (ref) => broker.release(ref),
      forgetJob: (jobUid) => broker.forgetJob(jobUid),
      snapshot: () => broker.snapshot(),
      traces: () => traces.counts,
      stop: async ({ handOver }) => {
        unwatch();
        await traces.stop(environment, handOver);
        await releases.stop();
        await broker.stop({ handOver });
        await launcher.close();
      },
    } satisfies EnvironmentBroker;
  };
}

function isTrace({ jobUid }: AttemptRef): boolean {
  return tracedEnvironment(jobUid) !== null;
}

/** A trace has no job: its sandbox is as its Environment is. */
function traceNeed({ spec }: ReadyEnvironment, purpose: Purpose): SandboxNeed {
  return { spec: sandboxSpecFor(spec, {}, purpose), replacesLost: false };
}

function newTraces(
  environment: ReadyEnvironment,
  broker: SandboxBroker,
  { bus, client, clock, logger, outcomeMetrics, served }: BrokerStarterOptions,
): ServedTraces {
  return new ServedTraces(
    {
      bus,
      clock,
      logger,
      ids: randomIds,
      metrics: outcomeMetrics,
      snapshots: served,
      release: (ref) => broker.release(ref),
      assetsOf: (served) => assetsOf(client, served),
    },
    environment,
  );
}

async function assetsOf(
  client: KubeClient,
  { namespace, name, spec }: ReadyEnvironment,
): Promise<GraderAssets> {
  const read = await readAssets({ client }, { namespace, spec: servedJobSpec(name) }, spec);
  if (read.kind === "assets") return read.assets;
  throw new RollyardError("grader_config_error", { message: read.message });
}

/** Ends the sandboxes of attempts that ended while nobody led, once it is known which these are. */
async function retireDead(
  { broker, traces }: { readonly broker: SandboxBroker; readonly traces: ServedTraces },
  { jobsKnown }: BrokerStarterOptions,
): Promise<void> {
  const [isLiveRollout, isLiveTrace] = await Promise.all([jobsKnown, traces.known()]);
  broker.retireUnless((ref) => (isTrace(ref) ? isLiveTrace(ref) : isLiveRollout(ref)));
}

function newLauncher(
  { namespace, name, objectUid }: ReadyEnvironment,
  options: BrokerStarterOptions,
): KubernetesLauncher {
  return new KubernetesLauncher({ ...options, namespace, environment: { name, uid: objectUid } });
}

/** What the broker is to make: none ahead of need when the Environment goes. */
function sandboxesOf({ spec }: ReadyEnvironment, isDraining: boolean) {
  const sandbox = isDraining ? { ...spec.sandbox, warmReplicas: 0 } : spec.sandbox;
  return {
    spec: sandbox,
    graderSpec: graderSandboxSpec(sandbox, spec.graderRuntime?.image),
    replacesLost: spec.recovery.mode === "replay",
  };
}
