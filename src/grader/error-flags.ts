import type { ErrorCode } from "../errors/codes.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";

/**
 * The error flags of OpenAI's grader API (`metadata.errors` of `graders/run`), all of them, under its names.
 * The `…_details` and `…_type` fields hold kinds and line numbers only, never prompts, outputs or items.
 */
export interface GraderErrorFlags {
  readonly formula_parse_error: boolean;
  readonly invalid_variable_error: boolean;
  readonly model_grader_parse_error: boolean;
  readonly model_grader_refusal_error: boolean;
  readonly model_grader_server_error: boolean;
  readonly model_grader_server_error_details: string | null;
  readonly other_error: boolean;
  readonly python_grader_runtime_error: boolean;
  readonly python_grader_runtime_error_details: string | null;
  readonly python_grader_server_error: boolean;
  readonly python_grader_server_error_type: string | null;
  readonly sample_parse_error: boolean;
  readonly truncated_observation_error: boolean;
  readonly unresponsive_reward_error: boolean;
}

/** No error at all. */
export const NO_GRADER_ERRORS: GraderErrorFlags = {
  formula_parse_error: false,
  invalid_variable_error: false,
  model_grader_parse_error: false,
  model_grader_refusal_error: false,
  model_grader_server_error: false,
  model_grader_server_error_details: null,
  other_error: false,
  python_grader_runtime_error: false,
  python_grader_runtime_error_details: null,
  python_grader_server_error: false,
  python_grader_server_error_type: null,
  sample_parse_error: false,
  truncated_observation_error: false,
  unresponsive_reward_error: false,
};

/** All of the flags that any of the graders raised; of texts the first. */
export function mergeErrorFlags(parts: readonly Partial<GraderErrorFlags>[]): GraderErrorFlags {
  return parts.reduce<GraderErrorFlags>(
    (merged, part) => ({ ...merged, ...raisedOnly(part, merged) }),
    NO_GRADER_ERRORS,
  );
}

/** The flags that are raised, by name: the text of those that are texts, else `true`. */
export function raisedFlags(flags: GraderErrorFlags): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags)
      .filter(([, value]) => value !== false && value !== null)
      .map(([name, value]) => [name, String(value)]),
  );
}

function raisedOnly(part: Partial<GraderErrorFlags>, merged: GraderErrorFlags): Partial<GraderErrorFlags> {
  const raised = Object.entries(part).filter(
    ([name, value]) => value !== false && value !== null && !Reflect.get(merged, name),
  );
  return Object.fromEntries(raised);
}

/** The flags that a failure raises, for those who answer in OpenAI's shape although there is no reward. */
export function errorFlagsOfFailure(error: RollyardError): GraderErrorFlags {
  return { ...NO_GRADER_ERRORS, ...flagsOfCode(error.code, error) };
}

function flagsOfCode(code: ErrorCode, error: RollyardError): Partial<GraderErrorFlags> {
  switch (code) {
    case "formula_parse_error":
      return { formula_parse_error: true };
    case "invalid_variable_error":
      return { invalid_variable_error: true };
    case "grader_import_missing":
      return {
        python_grader_runtime_error: true,
        python_grader_runtime_error_details: "ModuleNotFoundError",
      };
    case "grader_refused":
      return { model_grader_refusal_error: true };
    default:
      return flagsOfPart(code, error);
  }
}

function flagsOfPart(code: ErrorCode, { details }: RollyardError): Partial<GraderErrorFlags> {
  if (details["grader"] === "python") {
    return { python_grader_server_error: true, python_grader_server_error_type: code };
  }
  if (details["judge"] === undefined) return { other_error: true };
  if (code === "grader_bad_answer") return { model_grader_parse_error: true };
  const said = details["status"] ?? details["network"];
  const why = said === undefined ? code : `${code} (${said})`;
  return { model_grader_server_error: true, model_grader_server_error_details: why };
}
