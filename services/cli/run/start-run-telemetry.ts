import path from "node:path";
import { Registry } from "prom-client";
import type { RunInput } from "../../../src/config/run-input.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import type { Logger } from "../../../src/lib/logger.ts";
import { createMetrics } from "../../../src/telemetry/create-metrics.ts";
import type { Metrics } from "../../../src/telemetry/create-metrics.ts";
import { createPinoLogger } from "../../../src/telemetry/pino-logger.ts";
import { startTelemetryServer } from "../../../src/telemetry/telemetry-server.ts";
import { Readiness } from "./readiness.ts";
import type { RunFolder } from "./run-folder.ts";

/** Logs and metrics of a local run: one file, one port for all its parts. */
export interface RunTelemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly namespace: string;
  readonly environment: string;
  /** What /readyz says. */
  readonly readiness: Readiness;
  /** Loopback port of /metrics, /healthz, /readyz and /status. */
  readonly port: number;
  /** Says what /status answers from now on. */
  serveStatus(status: () => Promise<object>): void;
  close(): Promise<void>;
}

/** Opens them. Rejects with `output_unwritable` when the log can't be written. */
export async function startRunTelemetry(
  input: RunInput,
  folder: RunFolder,
  options: { readonly isVerbose: boolean },
): Promise<RunTelemetry> {
  const file = path.join(folder.logsPath, "rollyard.log");
  const logger = createPinoLogger({ file, level: options.isVerbose ? "debug" : "info" });
  const registry = new Registry();
  const environment = input.environment.metadata.name;
  const labels = {
    environment,
    tools: new Set(resolveTools(input.environment.spec).map(({ name }) => name)),
  };
  const metrics = createMetrics(registry, { labelsOf: () => labels });
  const readiness = new Readiness();
  let status: (() => Promise<object>) | undefined;
  const server = await startTelemetryServer({
    registry,
    host: "127.0.0.1",
    port: 0,
    isReady: () => readiness.isReady,
    status: () => status?.(),
  });
  return {
    logger,
    metrics,
    namespace: input.job.metadata.namespace ?? "default",
    environment,
    readiness,
    port: server.port,
    serveStatus: (next) => {
      status = next;
    },
    close: async () => {
      await server.close();
      logger.close();
    },
  };
}
