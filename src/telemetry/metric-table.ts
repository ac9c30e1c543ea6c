/** The types of Prometheus metrics that we use. */
export type MetricType = "counter" | "gauge" | "histogram";

/** One metric: what it counts and the labels that it has. Every label's values are a closed set. */
export interface MetricRow<Type extends MetricType = MetricType> {
  readonly type: Type;
  /** A whole sentence. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** Milliseconds to tens of seconds: what answers a request. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Tenths of a second to ten minutes: what a model or a grader takes. */
const CALL_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600];
/** A second to four hours: what a rollout takes. */
const ROLLOUT_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400];
/** Fine where most rollouts are, open at the tail that teams cut. */
const CALL_COUNTS = [0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256];
/** Most graders score from 0 to 1; what lies outside is still counted at both ends. */
const REWARDS = [-1, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 10];

const counter = (help: string, labels: readonly string[] = []): MetricRow<"counter"> => ({
  type: "counter",
  help,
  labels,
});
const gauge = (help: string, labels: readonly string[] = []): MetricRow<"gauge"> => ({
  type: "gauge",
  help,
  labels,
});
const histogram = (
  help: string,
  buckets: readonly number[],
  labels: readonly string[] = [],
): MetricRow<"histogram"> => ({
  type: "histogram",
  help,
  labels,
  buckets,
});

/**
 * The one table of metrics, without the prefix `rollyard_`. docs/reference/metrics.md is generated from here.
 * Times are in seconds; no label holds an id, a path or anything that a model wrote.
 */
export const METRICS = {
  rollouts_total: counter("Rollouts that came to their end: `outcome` is graded or failed.", [
    "namespace",
    "environment",
    "outcome",
  ]),
  rollout_failures_total: counter("Attempts that failed, by failure class; a retried one counts too.", [
    "namespace",
    "environment",
    "class",
  ]),
  rollouts_active: gauge("Rollouts under way: `phase` is pending, agent or grading.", ["phase"]),
  rollout_duration_seconds: histogram("From an attempt's start to the end of its agent.", ROLLOUT_SECONDS, [
    "environment",
  ]),
  phase_duration_seconds: histogram(
    "Time that an attempt spent queued, waiting for its sandbox, in the model, in tools (parallel calls once), or in its grade.",
    ROLLOUT_SECONDS,
    ["environment", "phase"],
  ),
  turns_total: counter("Model calls that were answered and are part of a rollout.", ["environment"]),
  tool_calls_total: counter(
    "Tool calls: `result` is ok, failed or rejected; a name that the environment does not have is `unknown`.",
    ["environment", "tool", "result"],
  ),
  tool_call_duration_seconds: histogram("Time of one tool call.", CALL_SECONDS, ["environment", "tool"]),
  rollout_tool_calls: histogram("Tool calls of one attempt.", CALL_COUNTS, ["environment"]),
  model_request_duration_seconds: histogram(
    "Time of one request to a model endpoint: `result` is answered, stopped, refused (429) or failed.",
    CALL_SECONDS,
    ["result"],
  ),
  model_tokens_total: counter("Tokens that endpoints report: `direction` is prompt or completion.", [
    "direction",
  ]),
  reward: histogram("Rewards on record.", REWARDS, ["environment"]),
  grader_duration_seconds: histogram("Time of one grading, by the grader's type.", CALL_SECONDS, ["grader"]),
  grader_errors_total: counter("Gradings that failed, by the grader's type and error code.", [
    "grader",
    "error",
  ]),
  grade_queue_seconds: histogram("From a rollout's stop to when a grader first takes it.", ROLLOUT_SECONDS, [
    "environment",
  ]),
  gradings: gauge(
    "Gradings that a process holds: `state` is running or waiting (for an endpoint, a judge, its turn).",
    ["state"],
  ),
  work_untaken_seconds: gauge(
    "How long the oldest work waits that nobody has taken yet, by `kind` (rollout, grade, settle); 0 without any. Controllers ask the bus for it every 10 s: so it is there when all graders are gone.",
    ["kind"],
  ),
  grading_oldest_seconds: gauge("How long a process holds the oldest of its gradings; 0 without any."),
  judge_request_duration_seconds: histogram(
    "Time of one request to a judge model's endpoint: `result` as of `model_request_duration_seconds`.",
    CALL_SECONDS,
    ["result"],
  ),
  judge_tokens_total: counter("Tokens that judge models used: `direction` is prompt or completion.", [
    "direction",
  ]),
  hack_flags_total: counter("Graded rollouts in which an integrity check hit.", ["check"]),
  sandbox_start_duration_seconds: histogram(
    "From a sandbox's start to ready: `source` is warm (it was started ahead) or cold (a claim waited for it).",
    REQUEST_SECONDS,
    ["source"],
  ),
  sandbox_start_failures_total: counter("Sandboxes that did not become ready, by error code.", ["error"]),
  sandbox_claim_duration_seconds: histogram(
    "From a claim's first asking to its lease: `source` is warm (a sandbox was ready) or cold.",
    REQUEST_SECONDS,
    ["source"],
  ),
  sandbox_replays_total: counter(
    "Times that an attempt went on in a new sandbox, in which its recorded calls had equal outputs.",
    ["environment"],
  ),
  sandboxes: gauge("Sandboxes by state: ready, starting or leased.", ["environment", "state"]),
  orphans_removed_total: counter("Leases that an earlier process had given and that were retired after it."),
  bus_publish_duration_seconds: histogram("From a publish to its acknowledgement.", REQUEST_SECONDS),
  bus_redeliveries_total: counter("Work messages that were delivered again."),
  gateway_requests_total: counter(
    "Requests that a gateway has answered: `route` is job, submit, dataset, results, log, tool, grade or unknown, `status` that of HTTP.",
    ["route", "status"],
  ),
  gateway_request_duration_seconds: histogram(
    "From a request to the last byte of its answer; results and logs that are followed last as long as their job.",
    CALL_SECONDS,
    ["route"],
  ),
  gateway_lines_total: counter("Lines of results and logs that a gateway has sent.", ["route"]),
  grades_answered_total: counter(
    "Grade requests of hosted trainers that were answered with a score: `delivered` is false when the trainer had hung up before it had the whole answer.",
    ["delivered"],
  ),
  gateway_streams: gauge("Results and logs that a gateway sends now."),
  leader: gauge("1 while this controller leads, else 0."),
  kube_requests_total: counter(
    "Requests to the API server: `method` is that of HTTP or WATCH, `status` its answer's or none.",
    ["method", "status"],
  ),
  kube_request_duration_seconds: histogram("Time of one request to the API server.", REQUEST_SECONDS, [
    "method",
  ]),
  workqueue_depth: gauge("Objects that wait to be looked at, by queue.", ["name"]),
  workqueue_queue_duration_seconds: histogram("Time that an object waited in a queue.", REQUEST_SECONDS, [
    "name",
  ]),
  workqueue_work_duration_seconds: histogram("Time of one look at an object.", REQUEST_SECONDS, ["name"]),
  workqueue_retries_total: counter("Looks at an object that failed and are tried again.", ["name"]),
} as const satisfies Record<string, MetricRow>;

/** A key of {@link METRICS}. */
export type MetricName = keyof typeof METRICS;

/** What every metric's name begins with. */
export const METRIC_PREFIX = "rollyard_";
