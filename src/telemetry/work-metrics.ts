import type { WorkAges } from "../bus/work-ages.ts";
import type { MetricMaker } from "./metric-makers.ts";

/** What whoever looks after the bus shows of its work. */
export interface WorkMetrics {
  /** Asked when the metrics are read. */
  watch(ages: WorkAges): void;
}

/** Makes them in a registry. */
export function createWorkMetrics(maker: MetricMaker, nowMs: () => number): WorkMetrics {
  let watched: WorkAges | null = null;
  maker.gauge("work_untaken_seconds", (gauge) => {
    for (const { kind, seconds } of watched?.seconds(nowMs()) ?? []) gauge.set({ kind }, seconds);
  });
  return {
    watch: (ages) => {
      watched = ages;
    },
  };
}
