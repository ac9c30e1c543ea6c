import { runConnected } from "../../src/config/run-connected.ts";
import type { ServiceContext } from "../../src/config/service-main.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { whenAborted } from "../../src/lib/when-aborted.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createModelMetrics } from "../../src/telemetry/model-metrics.ts";
import { createRolloutMetrics } from "../../src/telemetry/rollout-metrics.ts";
import type { WorkerConfig } from "./config.ts";
import { startWorker } from "./create-worker.ts";
import { SetupLabels } from "../../src/telemetry/setup-labels.ts";

/**
 * Runs a worker process: resolves once it was told to stop and every rollout is handed over. A bus that does not answer is
 * waited for. Rejects with `bus_forbidden` when it refuses user or password, `bad_input` for an address in use.
 */
export function runWorker(config: WorkerConfig, context: ServiceContext): Promise<void> {
  const { nats, metrics, slots } = config;
  const { logger, stop } = context;
  return runConnected({ name: "worker", nats, metrics }, context, async ({ bus, maker, metricsPort }) => {
    const labels = new SetupLabels();
    const running = await startWorker({
      bus,
      id: config.id ?? `worker-${randomIds.shortUid()}`,
      slots,
      clock: systemClock,
      logger,
      observer: createRolloutMetrics(maker, (ref) => labels.of(ref), Date.now).observer,
      modelMetrics: createModelMetrics(maker),
      onSnapshot: (hash, snapshot) => labels.learn(hash, snapshot),
    });
    logger.info("worker started", { slots, metrics_port: metricsPort });
    await whenAborted(stop);
    await running.worker.drain();
    await running.close();
  });
}
