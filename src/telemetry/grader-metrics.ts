import type { GraderMetrics, GradingLoad } from "../grader/metrics.ts";
import type { MetricMaker } from "./metric-makers.ts";

/** Makes the metrics of a grader service. */
export function createGraderMetrics(maker: MetricMaker): GraderMetrics {
  const duration = maker.histogram("grader_duration_seconds");
  const errors = maker.counter("grader_errors_total");
  const reward = maker.histogram("reward");
  const phase = maker.histogram("phase_duration_seconds");
  const judgeDuration = maker.histogram("judge_request_duration_seconds");
  const judgeTokens = maker.counter("judge_tokens_total");
  const queued = maker.histogram("grade_queue_seconds");
  let read: () => GradingLoad = () => ({ running: 0, waiting: 0, oldestSeconds: 0 });
  maker.gauge("gradings", (gauge) => {
    const { running, waiting } = read();
    gauge.set({ state: "running" }, running);
    gauge.set({ state: "waiting" }, waiting);
  });
  maker.gauge("grading_oldest_seconds", (gauge) => gauge.set(read().oldestSeconds));
  const flags = maker.counter("hack_flags_total");
  return {
    graderFinished: (grader, seconds) => duration.observe({ grader }, seconds),
    graderFailed: (grader, error) => errors.inc({ grader, error }),
    gradeTaken: (environment, seconds) => queued.observe({ environment }, seconds),
    watchGradings: (given) => {
      read = given;
    },
    judgeRequestEnded: (result, seconds) => judgeDuration.observe({ result }, seconds),
    judgeTokens: ({ promptTokens, completionTokens }) => {
      judgeTokens.inc({ direction: "prompt" }, promptTokens);
      judgeTokens.inc({ direction: "completion" }, completionTokens);
    },
    rewardRecorded: (environment, value, seconds) => {
      reward.observe({ environment }, value);
      phase.observe({ environment, phase: "grade" }, seconds);
    },
    hackFlagged: (check) => flags.inc({ check }),
  };
}
