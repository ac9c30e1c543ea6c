import type { MetricMaker } from "./metric-makers.ts";
import type { OutcomeMetrics } from "./metrics-port.ts";

/** Makes the metrics of whoever accounts for jobs. */
export function createOutcomeMetrics(maker: MetricMaker): OutcomeMetrics {
  const rollouts = maker.counter("rollouts_total");
  const failures = maker.counter("rollout_failures_total");
  return {
    rolloutEnded: (labels, outcome) => rollouts.inc({ ...labels, outcome }),
    attemptFailed: (labels, failureClass) => failures.inc({ ...labels, class: failureClass }),
  };
}
