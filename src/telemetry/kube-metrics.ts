import type { WorkQueueObserver } from "../kube/control/work-queue.ts";
import type { KubeTransport } from "../kube/transport/kube-transport.ts";
import type { MetricMaker } from "./metric-makers.ts";

/** What a controller counts of its calls and queues. */
export interface KubeMetrics {
  /** The same transport, whose calls are counted. */
  metered(transport: KubeTransport): KubeTransport;
  /** Counts a work queue of a name out of a closed set; `depth` is read when Prometheus asks. */
  queue(name: string, depth: () => number): WorkQueueObserver;
}

/** Makes the metrics of whoever speaks to an API server. */
export function createKubeMetrics(maker: MetricMaker, monotonicMs = () => performance.now()): KubeMetrics {
  const requests = maker.counter("kube_requests_total");
  const seconds = maker.histogram("kube_request_duration_seconds");
  const waited = maker.histogram("workqueue_queue_duration_seconds");
  const worked = maker.histogram("workqueue_work_duration_seconds");
  const retries = maker.counter("workqueue_retries_total");
  const depths = new Map<string, () => number>();
  maker.gauge("workqueue_depth", (gauge) => {
    gauge.reset();
    for (const [name, depth] of depths) gauge.set({ name }, depth());
  });
  return {
    metered: (transport) => ({
      send: async (request) => {
        const startedMs = monotonicMs();
        const { method } = request;
        let status = "none";
        try {
          const response = await transport.send(request);
          status = String(response.status);
          return response;
        } finally {
          requests.inc({ method, status });
          seconds.observe({ method }, (monotonicMs() - startedMs) / 1000);
        }
      },
      stream: async (request) => {
        const stream = await transport.stream(request);
        requests.inc({ method: "WATCH", status: String(stream.status) });
        return stream;
      },
      close: () => transport.close(),
    }),
    queue: (name, depth) => {
      depths.set(name, depth);
      return {
        waited: (queuedMs) => waited.observe({ name }, queuedMs / 1000),
        worked: (durationMs, hasFailed) => {
          worked.observe({ name }, durationMs / 1000);
          if (hasFailed) retries.inc({ name });
        },
      };
    },
  };
}
