import type { MetricMaker } from "./metric-makers.ts";
import type { BusMetrics } from "./metrics-port.ts";

/** Makes the metrics of the bus adapter. */
export function createBusMetrics(maker: MetricMaker): BusMetrics {
  const published = maker.histogram("bus_publish_duration_seconds");
  const redelivered = maker.counter("bus_redeliveries_total");
  return {
    published: (seconds) => published.observe(seconds),
    redelivered: () => redelivered.inc(),
  };
}
