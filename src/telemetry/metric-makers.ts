import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import { METRICS, METRIC_PREFIX } from "./metric-table.ts";
import type { MetricName, MetricRow, MetricType } from "./metric-table.ts";

type NameOf<Type extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name] extends MetricRow<Type> ? Name : never;
}[MetricName];

/**
 * Makes the table's metrics in a registry; a histogram that several parts observe is the same for all. Throws when
 * another metric is made twice, or as another type than the table's.
 */
export class MetricMaker {
  readonly #registry: Registry;
  readonly #histograms = new Map<MetricName, Histogram>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(name: NameOf<"counter">): Counter {
    return new Counter(this.#settings(name, "counter"));
  }

  histogram(name: NameOf<"histogram">): Histogram {
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    const { buckets }: MetricRow = METRICS[name];
    const made = new Histogram({ ...this.#settings(name, "histogram"), buckets: [...(buckets ?? [])] });
    this.#histograms.set(name, made);
    return made;
  }

  /** A gauge that is read when Prometheus asks. */
  gauge(name: NameOf<"gauge">, collect: (gauge: Gauge) => void): Gauge {
    return new Gauge({
      ...this.#settings(name, "gauge"),
      collect() {
        collect(this);
      },
    });
  }

  #settings(name: MetricName, type: MetricType) {
    const row: MetricRow = METRICS[name];
    if (row.type !== type) throw new TypeError(`the metric ${name} is a ${row.type}`);
    return {
      name: METRIC_PREFIX + name,
      help: row.help,
      labelNames: [...row.labels],
      registers: [this.#registry],
    };
  }
}
