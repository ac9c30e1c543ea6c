import { runConnected } from "../../src/config/run-connected.ts";
import type { ServiceParts } from "../../src/config/run-connected.ts";
import type { ServiceContext } from "../../src/config/service-main.ts";
import { Authorizer } from "../../src/gateway/authorizer.ts";
import { startGatewayServer } from "../../src/gateway/gateway-server.ts";
import type { GatewayServer } from "../../src/gateway/http-server.ts";
import { Places } from "../../src/gateway/limits.ts";
import type { GatewayLimits } from "../../src/gateway/limits.ts";
import { kubeReviews } from "../../src/gateway/reviews.ts";
import { createTraceService } from "../../src/gateway/traces/trace-service.ts";
import type { TraceService } from "../../src/gateway/traces/trace-service.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { AheadRoom } from "../../src/lib/map-ahead.ts";
import { whenAborted } from "../../src/lib/when-aborted.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createGatewayMetrics } from "../../src/telemetry/gateway-metrics.ts";
import { createKubeMetrics } from "../../src/telemetry/kube-metrics.ts";
import { createRolloutMetrics } from "../../src/telemetry/rollout-metrics.ts";
import { SetupLabels } from "../../src/telemetry/setup-labels.ts";
import type { GatewayConfig } from "./config.ts";

/** What a gateway process gets from outside of its configuration. */
export interface GatewayContext extends ServiceContext {
  readonly credentials: KubeCredentials;
}

const MIB = 1024 * 1024;
/** Rollouts that wait in memory for readers who still take the one before: some megabytes each at most. */
const READ_AHEAD = 32;

/**
 * Runs a gateway process: resolves once it was told to stop and its answers were sent. A bus that does not answer is waited for.
 * Rejects with `bus_forbidden` when it refuses user or password, `bad_input` for an address in use.
 */
export function runGateway(config: GatewayConfig, context: GatewayContext): Promise<void> {
  const { nats, metrics } = config;
  return runConnected({ name: "gateway", nats, metrics }, context, (parts) => serve(config, context, parts));
}

async function serve(
  config: GatewayConfig,
  { credentials, logger, stop }: GatewayContext,
  { bus, maker, metricsPort }: ServiceParts,
): Promise<void> {
  const kubeMetrics = createKubeMetrics(maker);
  const transport = kubeMetrics.metered(createKubeTransport(credentials));
  const callers = kubeMetrics.metered(createKubeTransport(withoutIdentity(credentials)));
  const client = new KubeClient(transport);
  const limits = limitsOf(config);
  const traces = startTraces({ bus, maker, logger }, config.limits.traceMiB * MIB);
  const cutOff = new AbortController();
  const places = { bodies: new Places(limits.bodies), streams: new Places(limits.streams) };
  const keepMs = config.authorization.keepSeconds * 1000;
  try {
    const server = await startGatewayServer(
      {
        bus,
        client,
        callers: new KubeClient(callers),
        authorizer: new Authorizer({ reviews: kubeReviews(client), clock: systemClock, keepMs }),
        limits,
        places,
        ahead: new AheadRoom(READ_AHEAD),
        clock: systemClock,
        logger,
        metrics: createGatewayMetrics(maker, () => places.streams.taken),
        newName: () => `job-${randomIds.shortUid()}`,
        draining: stop,
        traces,
        cutOff: cutOff.signal,
      },
      config.listen,
    );
    logger.info("gateway started", { port: server.port, metrics_port: metricsPort });
    await whenAborted(stop);
    await closeInOrder(server, cutOff, config.drainSeconds * 1000);
  } finally {
    await traces.close();
    await Promise.all([transport.close(), callers.close()]);
  }
}

/** Nothing new is taken. Calls that are not over in time are told to ask again, elsewhere: nothing of theirs is lost. */
async function closeInOrder(server: GatewayServer, cutOff: AbortController, graceMs: number): Promise<void> {
  const over = new AbortController();
  void systemClock.sleep(graceMs, over.signal).then(() => cutOff.abort());
  await server.close(graceMs + CUT_OFF_MS);
  over.abort();
}

/** For the answers to calls that were cut off. */
const CUT_OFF_MS = 2000;

function startTraces(
  { bus, maker, logger }: Pick<ServiceParts, "bus" | "maker"> & Pick<ServiceContext, "logger">,
  heldBytes: number,
): TraceService {
  const labels = new SetupLabels();
  return createTraceService({
    bus,
    clock: systemClock,
    logger,
    heldBytes,
    observer: createRolloutMetrics(
      maker,
      (ref) => labels.of(ref),
      () => systemClock.nowMs(),
    ).observer,
    onSnapshot: (hash, snapshot) => labels.learn(hash, snapshot),
  });
}

function limitsOf({ limits: { datasetMiB, submitMiB, bodies, streams } }: GatewayConfig): GatewayLimits {
  return { datasetBytes: datasetMiB * MIB, submitBytes: submitMiB * MIB, bodies, streams };
}

/** What is done in a caller's name must not be done in ours: a certificate would count before their token. */
function withoutIdentity(credentials: KubeCredentials): KubeCredentials {
  const { cert: _cert, key: _key, ...tls } = credentials.tls;
  return { ...credentials, tls, authorization: async () => undefined };
}
