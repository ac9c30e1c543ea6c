import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import { silentLogger } from "../lib/logger.ts";
import type { Logger } from "../lib/logger.ts";
import { noMetrics } from "../telemetry/metrics-port.ts";
import type { ModelMetrics } from "../telemetry/metrics-port.ts";
import { EndpointGate } from "./endpoint-gate.ts";
import type { EndpointState } from "./endpoint-gate.ts";
import { createModelTransport } from "./model-fetch.ts";
import type { ModelTransport } from "./model-fetch.ts";

/** What a model runtime needs; everything has a production default. */
export interface ModelRuntimeOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: ModelMetrics;
  /** In [0, 1); for jitter only. */
  readonly random?: () => number;
  /** Most requests at once to one endpoint. */
  readonly maxConcurrency?: number;
}

const MAX_CONCURRENCY = 2048;

/** What all model clients of one process share: sockets, and one gate per endpoint, whichever job calls. */
export class ModelRuntime {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ModelMetrics;
  readonly random: () => number;
  readonly transport: ModelTransport = createModelTransport();
  readonly #gates = new Map<string, EndpointGate>();
  readonly #maxConcurrency: number;

  constructor(options: ModelRuntimeOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger ?? silentLogger;
    this.metrics = options.metrics ?? noMetrics;
    this.random = options.random ?? Math.random;
    this.#maxConcurrency = options.maxConcurrency ?? MAX_CONCURRENCY;
  }

  /** The gate of an endpoint. Rate limits belong to the host, so paths on one host share it. */
  gateOf(baseURL: string): EndpointGate {
    const { origin } = new URL(baseURL);
    const known = this.#gates.get(origin);
    if (known !== undefined) return known;
    const gate = new EndpointGate({
      clock: this.clock,
      logger: this.logger.child({ endpoint: origin }),
      random: this.random,
      maxConcurrency: this.#maxConcurrency,
    });
    this.#gates.set(origin, gate);
    return gate;
  }

  /** How each endpoint that was called stands, by its origin. */
  endpoints(): readonly (EndpointState & { readonly endpoint: string })[] {
    return [...this.#gates].map(([endpoint, gate]) => ({ endpoint, ...gate.state() }));
  }

  /** Drops every connection. */
  close(): Promise<void> {
    return this.transport.close();
  }
}
