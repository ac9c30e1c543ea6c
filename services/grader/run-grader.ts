import { runConnected } from "../../src/config/run-connected.ts";
import type { ServiceContext } from "../../src/config/service-main.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { whenAborted } from "../../src/lib/when-aborted.ts";
import { createGraderMetrics } from "../../src/telemetry/grader-metrics.ts";
import type { GraderConfig } from "./config.ts";
import { startGrader } from "./create-grader.ts";

/**
 * Runs a grader process: resolves once it was told to stop and everything taken has ended or was given back. A bus that does
 * not answer is waited for. Rejects with `bus_forbidden` when it refuses user or password, `bad_input` for an address in use.
 */
export function runGrader(config: GraderConfig, context: ServiceContext): Promise<void> {
  const { nats, metrics, concurrency, graders, namedGraders, drainSeconds } = config;
  const { logger, stop } = context;
  return runConnected({ name: "grader", nats, metrics }, context, async ({ bus, maker, metricsPort }) => {
    const graderMetrics = createGraderMetrics(maker);
    const grader = startGrader({
      bus,
      concurrency,
      limits: { byType: graders, byName: namedGraders },
      drainMs: drainSeconds * 1000,
      clock: systemClock,
      logger,
      metrics: graderMetrics,
    });
    logger.info("grader started", { concurrency, metrics_port: metricsPort });
    await whenAborted(stop);
    await grader.stop();
  });
}
