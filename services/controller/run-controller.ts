import { LOCAL_MAX_BYTES, LOCAL_SIZING } from "../../src/bus/stream-settings.ts";
import type { StreamSizing } from "../../src/bus/stream-settings.ts";
import { WorkAges } from "../../src/bus/work-ages.ts";
import { runConnected } from "../../src/config/run-connected.ts";
import type { ServiceParts } from "../../src/config/run-connected.ts";
import type { ServiceContext } from "../../src/config/service-main.ts";
import { LeaderFence } from "../../src/controller/leadership/leader-fence.ts";
import { hearWorkers } from "../../src/job/hear-workers.ts";
import { WorkerRoster } from "../../src/job/worker-roster.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { KubeLeaseStore } from "../../src/kube/leader/kube-lease-store.ts";
import { LeaderElector } from "../../src/kube/leader/leader-elector.ts";
import type { Leadership } from "../../src/kube/leader/leader-elector.ts";
import type { KubeCredentials } from "../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createKubeMetrics } from "../../src/telemetry/kube-metrics.ts";
import { createWorkMetrics } from "../../src/telemetry/work-metrics.ts";
import type { ControllerConfig } from "./config.ts";
import { lead } from "./lead.ts";
import type { LeaderParts } from "./lead.ts";
import { createLeaderMetrics } from "./leader-metrics.ts";

/** What a controller process gets from outside of its configuration. */
export interface ControllerContext extends ServiceContext {
  readonly credentials: KubeCredentials;
  readonly hostname: string;
  /** Ends the process at once. */
  readonly exit: () => void;
}

const LEASE = "rollyard-controller";
/** Well below the time that a lease lasts. */
const LEASE_CALL_MS = 5000;
const MIB = 1024 * 1024;

/**
 * Runs a controller process: resolves once it was told to stop and has handed over. A bus that does not answer is waited for.
 * Rejects with `bus_forbidden` when it refuses user or password, `bad_input` for an address in use.
 */
export function runController(config: ControllerConfig, context: ControllerContext): Promise<void> {
  const { nats, metrics } = config;
  const service = { name: "controller", nats, metrics, sizing: sizingOf(nats) };
  return runConnected(service, context, (parts) => takePart(config, context, parts));
}

/** Waits for its turn, and leads. */
async function takePart(
  config: ControllerConfig,
  context: ControllerContext,
  { bus, maker, metricsPort }: ServiceParts,
): Promise<void> {
  const { credentials, logger, stop } = context;
  const kubeMetrics = createKubeMetrics(maker);
  const transport = kubeMetrics.metered(createKubeTransport(credentials));
  const leases = kubeMetrics.metered(
    createKubeTransport(credentials, { connections: 1, timeoutMs: LEASE_CALL_MS }),
  );
  const namespace = config.namespace ?? credentials.namespace;
  const identity = config.id ?? `${context.hostname}-${randomIds.shortUid()}`;
  const metrics = createLeaderMetrics(maker, kubeMetrics);
  // Whoever comes to lead knows the workers by then: work is dispatched at once.
  const roster = new WorkerRoster(systemClock);
  const hearing = await hearWorkers(bus, roster);
  const ages = new WorkAges();
  createWorkMetrics(maker, () => systemClock.nowMs()).watch(ages);
  void ages.watch(bus, systemClock, stop);
  try {
    logger.info("controller started", { identity, namespace, metrics_port: metricsPort });
    const elector = new LeaderElector({
      store: new KubeLeaseStore(new KubeClient(leases), { namespace, name: LEASE }),
      identity,
      clock: systemClock,
      random: Math.random,
      logger,
    });
    const parts = { config, transport, bus, namespace, identity, metrics, logger, roster };
    await elector.run((leadership) => leadFenced(parts, leadership, context), stop);
  } finally {
    await Promise.all([hearing.stop(), transport.close(), leases.close()]);
  }
}

/** Leads until it is told to end; loses all, at once, when its lease is lost. */
async function leadFenced(
  parts: Omit<LeaderParts, "fence">,
  leadership: Leadership,
  { exit, logger, stop }: ControllerContext,
): Promise<void> {
  const onLost = (): void => {
    logger.error("the lease was lost: this process ends", { identity: parts.identity });
    exit();
  };
  const fence = new LeaderFence(() => leadership.holdsLease(), onLost);
  const onEnd = (): void => {
    if (!stop.aborted) fence.lose();
  };
  leadership.signal.addEventListener("abort", onEnd, { once: true });
  try {
    await lead({ ...parts, fence }, leadership.signal);
  } finally {
    leadership.signal.removeEventListener("abort", onEnd);
  }
}

function sizingOf({ replicas, maxMiB }: ControllerConfig["nats"]): StreamSizing {
  const given = Object.entries(maxMiB).map(([stream, size]) => [stream, size * MIB] as const);
  return { ...LOCAL_SIZING, replicas, maxBytes: { ...LOCAL_MAX_BYTES, ...Object.fromEntries(given) } };
}
