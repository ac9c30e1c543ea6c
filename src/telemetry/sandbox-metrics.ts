import type { BrokerObserver, BrokerSnapshot } from "../sandbox/broker-options.ts";
import type { MetricMaker } from "./metric-makers.ts";

/** A broker's observer that counts, and the gauge of its sandboxes. */
export interface SandboxMetrics {
  readonly observer: Required<BrokerObserver>;
  /** Adds an environment's broker to the gauge `sandboxes`; what is returned takes it out again. */
  watch(environment: string, read: () => Pick<BrokerSnapshot, "ready" | "starting" | "leased">): () => void;
}

interface WatchedBroker {
  readonly environment: string;
  readonly read: () => Pick<BrokerSnapshot, "ready" | "starting" | "leased">;
}

/** Makes the metrics of whoever runs brokers. */
export function createSandboxMetrics(maker: MetricMaker): SandboxMetrics {
  const brokers = new Set<WatchedBroker>();
  maker.gauge("sandboxes", (gauge) => {
    gauge.reset();
    for (const { environment, read } of brokers) {
      const { ready, starting, leased } = read();
      // Environments of several namespaces may have one name.
      for (const [state, count] of Object.entries({ ready, starting, leased })) {
        gauge.inc({ environment, state }, count);
      }
    }
  });
  const started = maker.histogram("sandbox_start_duration_seconds");
  const failures = maker.counter("sandbox_start_failures_total");
  const claimed = maker.histogram("sandbox_claim_duration_seconds");
  const orphans = maker.counter("orphans_removed_total");
  return {
    observer: {
      started: (_purpose, source, startedMs) => started.observe({ source }, startedMs / 1000),
      startFailed: (_purpose, error) => failures.inc({ error }),
      orphanRemoved: () => orphans.inc(),
      claimed: (_purpose, source, waitedMs) => claimed.observe({ source }, waitedMs / 1000),
    },
    watch: (environment, read) => {
      const broker = { environment, read };
      brokers.add(broker);
      return () => void brokers.delete(broker);
    },
  };
}
