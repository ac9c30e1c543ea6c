import { evaluateFormula, formulaVariables } from "./evaluate-formula.ts";
import type { FormulaVariables } from "./evaluate-formula.ts";
import { invalidVariableError } from "./formula-error.ts";
import { parseFormula } from "./parse-formula.ts";

/** A formula that was checked once; its value may be NaN or infinite. */
export type Formula = (variables: FormulaVariables) => number;

/**
 * Parses a formula and checks that it uses known names only.
 * Throws `formula_parse_error` or `invalid_variable_error`, both class config.
 */
export function compileFormula(source: string, names: Iterable<string>): Formula {
  const node = parseFormula(source);
  const known = new Set(names);
  for (const name of formulaVariables(node)) {
    if (!known.has(name)) throw invalidVariableError(name);
  }
  return (variables) => evaluateFormula(node, variables);
}
