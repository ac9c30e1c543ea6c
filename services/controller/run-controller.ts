import { Registry } from "prom-client";
import { connectJetStream } from "../../src/bus/jetstream/connect.ts";
import { LOCAL_MAX_BYTES, LOCAL_SIZING } from "../../src/bus/stream-settings.ts";
import type { StreamSizing } from "../../src/bus/stream-settings.ts";
import { LeaderFence } from "../../src/controller/leadership/leader-fence.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { KubeLeaseStore } from "../../src/kube/leader/kube-lease-store.ts";
import { LeaderElector } from "../../src/kube/leader/leader-elector.ts";
import type { Leadership } from "../../src/kube/leader/leader-elector.ts";
import type { KubeCredentials } from "../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../src/kube/transport/undici-kube-transport.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createBusMetrics } from "../../src/telemetry/bus-metrics.ts";
import { createKubeMetrics } from "../../src/telemetry/kube-metrics.ts";
import { MetricMaker } from "../../src/telemetry/metric-makers.ts";
import { startTelemetryServer } from "../../src/telemetry/telemetry-server.ts";
import type { ControllerConfig } from "./config.ts";
import { lead } from "./lead.ts";
import type { LeaderParts } from "./lead.ts";
import { createLeaderMetrics } from "./leader-metrics.ts";

/** What a controller process gets from outside of its configuration. */
export interface ControllerEnvironment {
  readonly credentials: KubeCredentials;
  /** Password of the NATS user; none when the servers ask for none. */
  readonly natsPassword: string | undefined;
  readonly hostname: string;
  readonly logger: Logger;
  /** Aborts when the process is to end. */
  readonly stop: AbortSignal;
  /** Ends the process at once. */
  readonly exit: () => void;
}

const LEASE = "rollyard-controller";
/** Well below the time that a lease lasts. */
const LEASE_CALL_MS = 5000;
const MIB = 1024 * 1024;

/**
 * Runs a controller process: resolves once it was told to stop and has handed over.
 * Rejects with `bus_unavailable` or `bus_forbidden` when it can't connect, `bad_input` for an address in use.
 */
export async function runController(
  config: ControllerConfig,
  environment: ControllerEnvironment,
): Promise<void> {
  const { credentials, logger, stop } = environment;
  const registry = new Registry();
  const maker = new MetricMaker(registry);
  const kubeMetrics = createKubeMetrics(maker);
  const bus = await connect(config, environment, maker);
  let isConnected = true;
  bus.onStatus((status) => {
    isConnected = status === "connected";
  });
  const transport = kubeMetrics.metered(createKubeTransport(credentials));
  const leases = kubeMetrics.metered(
    createKubeTransport(credentials, { connections: 1, timeoutMs: LEASE_CALL_MS }),
  );
  const namespace = config.namespace ?? credentials.namespace;
  const identity = config.id ?? `${environment.hostname}-${randomIds.shortUid()}`;
  const metrics = createLeaderMetrics(maker, kubeMetrics);
  const isReady = (): boolean => isConnected && !stop.aborted;
  const closers = [() => bus.close(), () => transport.close(), () => leases.close()];
  try {
    const telemetry = await startTelemetryServer({ registry, ...config.metrics, isReady });
    closers.push(() => telemetry.close());
    logger.info("controller started", { identity, namespace, metrics_port: telemetry.port });
    const elector = new LeaderElector({
      store: new KubeLeaseStore(new KubeClient(leases), { namespace, name: LEASE }),
      identity,
      clock: systemClock,
      random: Math.random,
      logger,
    });
    const parts = { config, transport, bus, namespace, identity, metrics, logger };
    await elector.run((leadership) => leadFenced(parts, leadership, environment), stop);
  } finally {
    await Promise.all(closers.map((close) => close()));
  }
}

/** Leads until it is told to end; loses all, at once, when its lease is lost. */
async function leadFenced(
  parts: Omit<LeaderParts, "fence">,
  leadership: Leadership,
  { exit, logger, stop }: ControllerEnvironment,
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

function connect(
  { nats }: ControllerConfig,
  { natsPassword, logger }: ControllerEnvironment,
  maker: MetricMaker,
): ReturnType<typeof connectJetStream> {
  return connectJetStream({
    servers: nats.servers,
    user: nats.user,
    ...(natsPassword === undefined ? {} : { password: natsPassword }),
    name: "rollyard-controller",
    logger,
    metrics: createBusMetrics(maker),
    sizing: sizingOf(nats),
  });
}

function sizingOf({ replicas, maxMiB }: ControllerConfig["nats"]): StreamSizing {
  const given = Object.entries(maxMiB).map(([stream, size]) => [stream, size * MIB] as const);
  return { ...LOCAL_SIZING, replicas, maxBytes: { ...LOCAL_MAX_BYTES, ...Object.fromEntries(given) } };
}
