import { Registry } from "prom-client";
import { connectJetStream } from "../../src/bus/jetstream/connect.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createBusMetrics } from "../../src/telemetry/bus-metrics.ts";
import { createModelMetrics } from "../../src/telemetry/model-metrics.ts";
import { createRolloutMetrics } from "../../src/telemetry/rollout-metrics.ts";
import { MetricMaker } from "../../src/telemetry/metric-makers.ts";
import { startTelemetryServer } from "../../src/telemetry/telemetry-server.ts";
import type { WorkerConfig } from "./config.ts";
import { startWorker } from "./create-worker.ts";
import { SetupLabels } from "./setup-labels.ts";

/** What a worker process gets from outside of its configuration. */
export interface WorkerEnvironment {
  /** Password of the NATS user; none when the servers ask for none. */
  readonly natsPassword: string | undefined;
  readonly logger: Logger;
  /** Aborts when the process is to end. */
  readonly stop: AbortSignal;
}

/**
 * Runs a worker process: resolves once it was told to stop and every rollout is handed over.
 * Rejects with `bus_unavailable` or `bus_forbidden` when it can't connect, `bad_input` for an address in use.
 */
export async function runWorker(config: WorkerConfig, environment: WorkerEnvironment): Promise<void> {
  const { natsPassword, logger, stop } = environment;
  const registry = new Registry();
  const maker = new MetricMaker(registry);
  const bus = await connectJetStream({
    servers: config.nats.servers,
    user: config.nats.user,
    ...(natsPassword === undefined ? {} : { password: natsPassword }),
    name: "rollyard-worker",
    logger,
    metrics: createBusMetrics(maker),
  });
  let isConnected = true;
  bus.onStatus((status) => {
    isConnected = status === "connected";
  });
  const labels = new SetupLabels();
  const isReady = (): boolean => isConnected && !stop.aborted;
  try {
    const telemetry = await startTelemetryServer({ registry, ...config.metrics, isReady });
    const running = await startWorker({
      bus,
      id: config.id ?? `worker-${randomIds.shortUid()}`,
      slots: config.slots,
      clock: systemClock,
      logger,
      observer: createRolloutMetrics(maker, (ref) => labels.of(ref), Date.now).observer,
      modelMetrics: createModelMetrics(maker),
      onSnapshot: (hash, snapshot) => labels.learn(hash, snapshot),
    });
    logger.info("worker started", { slots: config.slots, metrics_port: telemetry.port });
    await whenAborted(stop);
    await running.worker.drain();
    await running.close();
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
