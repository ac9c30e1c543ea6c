import { RollyardError } from "../../errors/rollyard-error.ts";

/** What is wrong with a formula, and where (characters from 1). */
export function formulaParseError(problem: string, at: number): RollyardError {
  return new RollyardError("formula_parse_error", {
    message: `The formula ${problem} at character ${at}.`,
    details: { at },
  });
}

/** A formula names something that has no value. */
export function invalidVariableError(name: string): RollyardError {
  return new RollyardError("invalid_variable_error", {
    message: `The formula names "${name}", which is none of its variables.`,
    details: { variable: name },
  });
}
