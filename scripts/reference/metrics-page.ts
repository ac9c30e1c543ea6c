import { METRICS, METRIC_PREFIX } from "../../src/telemetry/metric-table.ts";
import type { MetricRow } from "../../src/telemetry/metric-table.ts";
import { markdownTable } from "./markdown-table.ts";

/** The table of every metric, in the order of the code. */
export function metricsTable(): string {
  const rows = Object.entries(METRICS).map(([name, row]: [string, MetricRow]) => [
    `\`${METRIC_PREFIX}${name}\``,
    row.type,
    row.labels.map((label) => `\`${label}\``).join(", "),
    row.help,
  ]);
  return markdownTable(["metric", "type", "labels", "meaning"], rows);
}
