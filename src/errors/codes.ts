import type { FailureClass } from "./failure-class.ts";

/** What one error code means to every part: who is to blame, what HTTP says, and whether trying again can help. */
export interface ErrorCodeRow {
  readonly failureClass: FailureClass;
  readonly httpStatus: number;
  readonly retryable: boolean;
  /** A sentence without any user data; details go into `RollyardError.details`. */
  readonly message: string;
}

const row = (
  failureClass: FailureClass,
  httpStatus: number,
  retryable: boolean,
  message: string,
): ErrorCodeRow => ({ failureClass, httpStatus, retryable, message });

/**
 * The one table of error codes. A code appears in outcomes (`failure_code`), metrics and documents,
 * so it is stable once released. docs/reference/errors.md is generated from here.
 */
export const ERROR_CODES = {
  // bad input
  bad_input: row("config", 400, false, "The input is not valid."),
  dataset_invalid: row("config", 400, false, "The dataset has rows that can't be used."),
  dataset_not_found: row("config", 404, false, "The dataset was not found."),
  secret_not_found: row("config", 404, false, "A named secret was not given."),
  template_error: row("config", 400, false, "A template names a value that does not exist."),
  run_folder_conflict: row("config", 409, false, "The run folder belongs to another run."),
  output_unwritable: row("config", 507, false, "The output folder can't be written."),
  // the model
  model_unreachable: row("model", 502, true, "The model endpoint refuses connections."),
  model_unauthorized: row("config", 401, false, "The model endpoint refuses the key."),
  model_not_found: row("config", 404, false, "The model endpoint does not know this model."),
  model_bad_request: row("config", 400, false, "The model endpoint refuses the request."),
  model_quota_exhausted: row("config", 402, false, "The account at the model endpoint has no quota left."),
  model_rate_limited: row("model", 429, true, "The model endpoint answered 429 past the retry budget."),
  model_server_error: row("model", 502, true, "The model endpoint answered 5xx past the retry budget."),
  model_connection_lost: row("model", 502, true, "The connection to the model endpoint was lost."),
  model_timeout: row("model", 504, true, "The model call took too long."),
  model_bad_response: row("model", 502, true, "The model endpoint answered something that is no completion."),
  // sandboxes
  sandbox_start_failed: row("sandbox", 503, true, "The sandbox did not start."),
  sandbox_setup_failed: row("sandbox", 503, true, "A setup command of the sandbox failed."),
  sandbox_unstartable: row("sandbox", 503, true, "The cluster can't start this sandbox."),
  sandbox_no_room: row("sandbox", 503, true, "The cluster has no room for another sandbox."),
  sandbox_lost: row("sandbox", 503, true, "The sandbox was lost."),
  replay_diverged: row(
    "sandbox",
    409,
    true,
    "A recorded tool call had another output when it ran again in a new sandbox.",
  ),
  sandbox_unreachable: row("sandbox", 503, true, "The sandbox does not answer."),
  sandbox_protocol_error: row("internal", 500, true, "The sandbox refused a request that should be legal."),
  sandbox_fenced: row("internal", 409, false, "The sandbox now belongs to another driver or attempt."),
  sandbox_write_refused: row("sandbox", 409, false, "The sandbox's own files refuse the write."),
  sandbox_killed: row("sandbox", 409, false, "The agent killed its own sandbox."),
  launcher_unavailable: row("config", 501, false, "No launcher on this machine can isolate a sandbox."),
  image_required: row("config", 400, false, "This launcher needs spec.sandbox.image."),
  // tools
  tool_unavailable: row("tool", 502, true, "A remote tool does not answer."),
  tool_config_error: row("config", 400, false, "A tool's definition can't be used."),
  // graders
  grader_failed: row("grader", 502, true, "The grader failed."),
  grader_unreachable: row("grader", 502, true, "A grader's endpoint does not answer."),
  grader_bad_answer: row("grader", 502, true, "A grader answered something that is no score."),
  grader_refused: row("grader", 502, true, "A judge model refuses to judge."),
  grader_config_error: row("config", 400, false, "The grader's definition can't be used."),
  sandbox_files_gone: row(
    "grader",
    410,
    false,
    "The grader asks for files of the agent's sandbox, which ended with the rollout.",
  ),
  trajectory_missing: row("grader", 404, false, "No trajectory of the rollout is stored."),
  grader_import_missing: row(
    "config",
    400,
    false,
    "The python grader imports a package that its runtime lacks.",
  ),
  formula_parse_error: row("config", 400, false, "A formula can't be read."),
  invalid_variable_error: row("config", 400, false, "A formula names an unknown variable."),
  // the bus
  bus_unavailable: row("internal", 503, true, "The message bus does not answer."),
  nats_server_not_found: row("config", 501, false, "No nats-server that can be used was found."),
  bus_forbidden: row("internal", 403, false, "The message bus refuses this subject to this service."),
  log_corrupt: row("internal", 500, false, "The event log does not match its digest."),
  other_version: row(
    "internal",
    503,
    true,
    "Another version of Rollyard wrote this, and this one does not read it; a process of that version goes on with it.",
  ),
  log_conflict: row("internal", 409, true, "The event log was written by someone else."),
  record_lost: row("internal", 410, false, "The streams hold less than what was recorded from them."),
  stream_full: row("internal", 507, true, "A stream has no room left."),
  // Kubernetes
  kube_credentials: row("config", 400, false, "The credentials for the API server can't be used."),
  kube_unreachable: row("internal", 503, true, "The API server does not answer."),
  kube_throttled: row("internal", 429, true, "The API server asks for fewer requests."),
  kube_refused: row("internal", 500, false, "The API server refuses a request that should be legal."),
  leadership_lost: row("internal", 503, true, "This process no longer leads: another one does, or may."),
  // the gateway
  request_unauthenticated: row("config", 401, false, "The request brings no token that the cluster knows."),
  request_forbidden: row("config", 403, false, "The token's owner may not do this."),
  request_conflict: row("config", 409, false, "Something else has that name already."),
  request_too_large: row("config", 413, false, "The request is larger than what the gateway takes."),
  environment_not_found: row("config", 404, false, "There is no such Environment, or it is not served."),
  answer_too_large: row(
    "config",
    413,
    false,
    "The answer is larger than what the contract of hosted trainers allows.",
  ),
  trace_conflict: row(
    "config",
    422,
    false,
    "Another call of the trace, with another tool or other arguments, has this call_id: give each call one of its own.",
  ),
  trace_failed: row("internal", 500, false, "The rollout has failed and has no score."),
  trace_pending: row("internal", 503, true, "The answer takes longer than a request may; ask again."),
  job_not_found: row("config", 404, false, "There is no such RolloutJob."),
  gateway_busy: row(
    "internal",
    503,
    true,
    "The gateway has as much to do as it takes; try again in a moment.",
  ),
  gateway_unreachable: row("config", 502, true, "The gateway does not answer."),
  // platforms with fine-tuning jobs
  platform_unauthorized: row("config", 401, false, "The fine-tuning platform refuses the key."),
  platform_refused: row("config", 400, false, "The fine-tuning platform refuses the request."),
  platform_unreachable: row("config", 502, true, "The fine-tuning platform does not answer."),
  // ends decided by the controller
  job_suspended: row("cancelled", 409, false, "The job was suspended."),
  job_interrupted: row("cancelled", 409, false, "The run was interrupted."),
  job_deleted: row("cancelled", 410, false, "The job was deleted."),
  job_deadline: row("cancelled", 408, false, "The job's deadline passed."),
  job_failed: row("cancelled", 409, false, "The job was stopped early."),
  budget_exhausted: row("cancelled", 409, false, "The job's budget is spent."),
  trace_idle: row("cancelled", 408, false, "The trace saw no call for too long."),
  // ours
  worker_poison: row("internal", 500, true, "The rollout ended its workers again and again."),
  internal: row("internal", 500, true, "An error of ours."),
} as const satisfies Record<string, ErrorCodeRow>;

/** A key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a text from outside is a known code. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
