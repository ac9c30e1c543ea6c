import type { FailureClass } from "../errors/failure-class.ts";
import type { TokenUsage } from "../model/port.ts";

/** What the model client counts. */
export interface ModelMetrics {
  /** One request to a model endpoint ended; tries count one by one. */
  modelRequestEnded(result: "answered" | "stopped" | "refused" | "failed", seconds: number): void;
  modelTokens(usage: TokenUsage): void;
}

/** Where an outcome belongs. */
export interface OutcomeLabels {
  readonly namespace: string;
  readonly environment: string;
}

/** What whoever accounts for jobs counts. */
export interface OutcomeMetrics {
  /** A rollout came to its end; `failed` is one that is not tried again. */
  rolloutEnded(labels: OutcomeLabels, outcome: "graded" | "failed"): void;
  /** An attempt failed, whether or not another one follows. */
  attemptFailed(labels: OutcomeLabels, failureClass: FailureClass): void;
}

/** What the bus adapter counts. */
export interface BusMetrics {
  published(seconds: number): void;
  redelivered(): void;
}

/** Counts nothing; for tests and for callers without a registry. */
export const noMetrics: ModelMetrics & OutcomeMetrics & BusMetrics = {
  modelRequestEnded: () => undefined,
  modelTokens: () => undefined,
  rolloutEnded: () => undefined,
  attemptFailed: () => undefined,
  published: () => undefined,
  redelivered: () => undefined,
};
