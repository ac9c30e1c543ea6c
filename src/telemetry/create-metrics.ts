import type { Registry } from "prom-client";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import type { GatewayMetrics } from "../gateway/gateway-metrics.ts";
import { createBusMetrics } from "./bus-metrics.ts";
import { createGatewayMetrics } from "./gateway-metrics.ts";
import { createGraderMetrics } from "./grader-metrics.ts";
import type { GraderMetrics } from "../grader/metrics.ts";
import { MetricMaker } from "./metric-makers.ts";
import type { BusMetrics, ModelMetrics, OutcomeMetrics } from "./metrics-port.ts";
import { createModelMetrics } from "./model-metrics.ts";
import { createOutcomeMetrics } from "./outcome-metrics.ts";
import { createRolloutMetrics } from "./rollout-metrics.ts";
import type { RolloutLabels, RolloutMetrics } from "./rollout-metrics.ts";
import { createSandboxMetrics } from "./sandbox-metrics.ts";
import type { SandboxMetrics } from "./sandbox-metrics.ts";
import { createWorkMetrics } from "./work-metrics.ts";
import type { WorkMetrics } from "./work-metrics.ts";

/** Every metric of one process, by the part that counts. */
export interface Metrics {
  readonly rollouts: RolloutMetrics;
  readonly outcomes: OutcomeMetrics;
  readonly model: ModelMetrics;
  readonly grader: GraderMetrics;
  readonly sandboxes: SandboxMetrics;
  readonly bus: BusMetrics;
  readonly work: WorkMetrics;
  /** Of a gateway, where the process is one. */
  readonly gateway: () => GatewayMetrics;
}

/** What metrics need from outside. */
export interface MetricsOptions {
  readonly labelsOf: (ref: AttemptRef) => RolloutLabels;
  /** Wall time in milliseconds. */
  readonly nowMs?: () => number;
}

/** Makes all metrics of the table in a registry, once for each registry. */
export function createMetrics(registry: Registry, options: MetricsOptions): Metrics {
  const maker = new MetricMaker(registry);
  const nowMs = options.nowMs ?? Date.now;
  return {
    rollouts: createRolloutMetrics(maker, options.labelsOf, nowMs),
    outcomes: createOutcomeMetrics(maker),
    model: createModelMetrics(maker),
    grader: createGraderMetrics(maker),
    sandboxes: createSandboxMetrics(maker),
    bus: createBusMetrics(maker),
    work: createWorkMetrics(maker, nowMs),
    gateway: () => createGatewayMetrics(maker, () => 0),
  };
}
