import { runConnected } from "../../src/config/run-connected.ts";
import type { ServiceParts } from "../../src/config/run-connected.ts";
import type { ServiceContext } from "../../src/config/service-main.ts";
import { Authorizer } from "../../src/gateway/authorizer.ts";
import { startGatewayServer } from "../../src/gateway/gateway-server.ts";
import { Places } from "../../src/gateway/limits.ts";
import type { GatewayLimits } from "../../src/gateway/limits.ts";
import { kubeReviews } from "../../src/gateway/reviews.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { whenAborted } from "../../src/lib/when-aborted.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createGatewayMetrics } from "../../src/telemetry/gateway-metrics.ts";
import { createKubeMetrics } from "../../src/telemetry/kube-metrics.ts";
import type { GatewayConfig } from "./config.ts";

/** What a gateway process gets from outside of its configuration. */
export interface GatewayContext extends ServiceContext {
  readonly credentials: KubeCredentials;
}

const MIB = 1024 * 1024;

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
        clock: systemClock,
        logger,
        metrics: createGatewayMetrics(maker, () => places.streams.taken),
        newName: () => `job-${randomIds.shortUid()}`,
        draining: stop,
      },
      config.listen,
    );
    logger.info("gateway started", { port: server.port, metrics_port: metricsPort });
    await whenAborted(stop);
    await server.close(config.drainSeconds * 1000);
  } finally {
    await Promise.all([transport.close(), callers.close()]);
  }
}

function limitsOf({ limits: { datasetMiB, submitMiB, bodies, streams } }: GatewayConfig): GatewayLimits {
  return { datasetBytes: datasetMiB * MIB, submitBytes: submitMiB * MIB, bodies, streams };
}

/** What is done in a caller's name must not be done in ours: a certificate would count before their token. */
function withoutIdentity(credentials: KubeCredentials): KubeCredentials {
  const { cert: _cert, key: _key, ...tls } = credentials.tls;
  return { ...credentials, tls, authorization: async () => undefined };
}
