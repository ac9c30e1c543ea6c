import type { OutcomeMetrics } from "../../src/telemetry/metrics-port.ts";
import type { KubeMetrics } from "../../src/telemetry/kube-metrics.ts";
import type { MetricMaker } from "../../src/telemetry/metric-makers.ts";
import { createOutcomeMetrics } from "../../src/telemetry/outcome-metrics.ts";
import { createSandboxMetrics } from "../../src/telemetry/sandbox-metrics.ts";
import type { SandboxMetrics } from "../../src/telemetry/sandbox-metrics.ts";

/** What a leader counts; made once a process, for a process may lead late or never. */
export interface LeaderMetrics {
  readonly kube: KubeMetrics;
  readonly sandboxes: SandboxMetrics;
  readonly outcomes: OutcomeMetrics;
  /** Whether this process leads now. */
  leads(isLeading: boolean): void;
}

/** Makes them in a registry. */
export function createLeaderMetrics(maker: MetricMaker, kube: KubeMetrics): LeaderMetrics {
  let leading = 0;
  maker.gauge("leader", (gauge) => gauge.set(leading));
  return {
    kube,
    sandboxes: createSandboxMetrics(maker),
    outcomes: createOutcomeMetrics(maker),
    leads: (isLeading) => {
      leading = isLeading ? 1 : 0;
    },
  };
}
