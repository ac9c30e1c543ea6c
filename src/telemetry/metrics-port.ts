import type { TokenUsage } from "../model/port.ts";

/** What the model client counts. */
export interface ModelMetrics {
  /** One request to a model endpoint ended; tries count one by one. */
  modelRequestEnded(result: "answered" | "stopped" | "refused" | "failed", seconds: number): void;
  modelTokens(usage: TokenUsage): void;
}

/** Counts nothing; for tests and for callers without a registry. */
export const noMetrics: ModelMetrics = {
  modelRequestEnded: () => undefined,
  modelTokens: () => undefined,
};
