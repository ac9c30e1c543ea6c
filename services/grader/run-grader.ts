import { Registry } from "prom-client";
import { connectJetStream } from "../../src/bus/jetstream/connect.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createBusMetrics } from "../../src/telemetry/bus-metrics.ts";
import { createGraderMetrics } from "../../src/telemetry/grader-metrics.ts";
import { MetricMaker } from "../../src/telemetry/metric-makers.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { startTelemetryServer } from "../../src/telemetry/telemetry-server.ts";
import { startGrader } from "./create-grader.ts";
import type { GraderConfig } from "./config.ts";

/** What a grader process gets from outside of its configuration. */
export interface GraderEnvironment {
  /** Password of the NATS user; none when the servers ask for none. */
  readonly natsPassword: string | undefined;
  readonly logger: Logger;
  /** Aborts when the process is to end. */
  readonly stop: AbortSignal;
}

/**
 * Runs a grader process: resolves once it was told to stop and everything taken has ended or was given back.
 * Rejects with `bus_unavailable` or `bus_forbidden` when it can't connect, `bad_input` for an address in use.
 */
export async function runGrader(config: GraderConfig, environment: GraderEnvironment): Promise<void> {
  const { natsPassword, logger, stop } = environment;
  const registry = new Registry();
  const maker = new MetricMaker(registry);
  const bus = await connectJetStream({
    servers: config.nats.servers,
    user: config.nats.user,
    ...(natsPassword === undefined ? {} : { password: natsPassword }),
    name: "rollyard-grader",
    logger,
    metrics: createBusMetrics(maker),
  });
  let isConnected = true;
  bus.onStatus((status) => {
    isConnected = status === "connected";
  });
  const isReady = (): boolean => isConnected && !stop.aborted;
  try {
    const telemetry = await startTelemetryServer({ registry, ...config.metrics, isReady });
    const metrics = createGraderMetrics(maker);
    const grader = startGrader({ bus, concurrency: config.concurrency, clock: systemClock, logger, metrics });
    logger.info("grader started", { concurrency: config.concurrency, metrics_port: telemetry.port });
    await whenAborted(stop);
    await grader.stop();
    await telemetry.close();
  } finally {
    await bus.close();
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
