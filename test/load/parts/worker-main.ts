import { Registry } from "prom-client";
import { startWorker } from "../../../services/worker/create-worker.ts";
import type { RunningWorker, WorkerParts } from "../../../services/worker/create-worker.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { MetricMaker } from "../../../src/telemetry/metric-makers.ts";
import { createModelMetrics } from "../../../src/telemetry/model-metrics.ts";
import { createRolloutMetrics } from "../../../src/telemetry/rollout-metrics.ts";
import { connectPart, partLogger } from "../bench/bus-login.ts";
import type { BusLogin } from "../bench/bus-login.ts";
import { startInProcessWorker } from "../bench/in-process-worker.ts";
import { TOOL_NAME } from "../bench/load.ts";
import { servePart } from "../bench/serve-part.ts";

/** What a worker is told. */
export interface WorkerStart {
  readonly login: BusLogin;
  readonly slots: number;
  /** Whether tools run in the worker's own process, without sandboxes. */
  readonly isInProcess: boolean;
}

/** The product's worker in a process of its own, with its metrics and log. */
export type WorkerApi = { start(argument: WorkerStart): Promise<void> };

let stop = async (): Promise<void> => undefined;

async function start({ login, slots, isInProcess }: WorkerStart): Promise<void> {
  const logger = partLogger(login);
  const bus = await connectPart(login, logger);
  const maker = new MetricMaker(new Registry());
  const labels = { environment: "bench", tools: new Set([TOOL_NAME]) };
  const parts: WorkerParts = {
    bus,
    id: "bench",
    slots,
    clock: systemClock,
    logger,
    observer: createRolloutMetrics(maker, () => labels, Date.now).observer,
    modelMetrics: createModelMetrics(maker),
  };
  const running: RunningWorker = await (isInProcess ? startInProcessWorker(parts) : startWorker(parts));
  stop = async () => {
    await running.worker.stop();
    await running.close();
    await bus.close();
  };
}

servePart({ start } satisfies WorkerApi, () => stop());
