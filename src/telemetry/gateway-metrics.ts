import type { GatewayMetrics } from "../gateway/gateway-metrics.ts";
import type { MetricMaker } from "./metric-makers.ts";

/** Makes the metrics of a gateway; `streams` says how many answers go on now. */
export function createGatewayMetrics(maker: MetricMaker, streams: () => number): GatewayMetrics {
  const requests = maker.counter("gateway_requests_total");
  const duration = maker.histogram("gateway_request_duration_seconds");
  const lines = maker.counter("gateway_lines_total");
  const grades = maker.counter("grades_answered_total");
  maker.gauge("gateway_streams", (gauge) => gauge.set(streams()));
  return {
    answered: (route, status, seconds) => {
      requests.inc({ route, status: String(status) });
      duration.observe({ route }, seconds);
    },
    sent: (route) => lines.inc({ route }),
    gradeAnswered: (delivered) => grades.inc({ delivered: String(delivered) }),
  };
}
