import { RollyardError } from "../../src/errors/rollyard-error.ts";

/** Errors that the user mends by another input; everything else is a failure of the run. */
const BAD_INPUT: ReadonlySet<string> = new Set([
  "bad_input",
  "dataset_invalid",
  "dataset_not_found",
  "secret_not_found",
  "template_error",
  "run_folder_conflict",
  "output_unwritable",
  "launcher_unavailable",
  "image_required",
  "tool_config_error",
  "grader_config_error",
  "kube_credentials",
  "job_not_found",
  "environment_not_found",
  "request_unauthenticated",
  "request_forbidden",
  "request_conflict",
  "request_too_large",
  "platform_unauthorized",
  "platform_refused",
]);

/** What a command exits with for a thrown error: 2 for bad input, 1 for the rest. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof RollyardError && BAD_INPUT.has(error.code) ? 2 : 1;
}
