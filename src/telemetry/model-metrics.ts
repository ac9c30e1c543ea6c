import type { MetricMaker } from "./metric-makers.ts";
import type { ModelMetrics } from "./metrics-port.ts";

/** Makes the metrics of the model client. */
export function createModelMetrics(maker: MetricMaker): ModelMetrics {
  const duration = maker.histogram("model_request_duration_seconds");
  const tokens = maker.counter("model_tokens_total");
  return {
    modelRequestEnded: (result, seconds) => duration.observe({ result }, seconds),
    modelTokens: ({ promptTokens, completionTokens }) => {
      tokens.inc({ direction: "prompt" }, promptTokens);
      tokens.inc({ direction: "completion" }, completionTokens);
    },
  };
}
