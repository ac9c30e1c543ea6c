import { compileFormula } from "./formula/compile-formula.ts";
import type { Formula } from "./formula/compile-formula.ts";
import { formulaVariables } from "./formula/evaluate-formula.ts";
import { parseFormula } from "./formula/parse-formula.ts";

/** Variables that need the endpoint to report tokens. */
const TOKEN_VARIABLES: readonly string[] = ["prompt_tokens", "completion_tokens"];

/** Variables of every trajectory; `tool_calls.<name>` comes with each tool. */
const VARIABLES: readonly string[] = [
  "turns",
  "tool_calls",
  "max_parallel",
  "repeated_calls",
  "validated_before_answer",
  ...TOKEN_VARIABLES,
  "answer_chars",
  "seconds.agent",
];

/** A formula over a trajectory. */
export interface TrajectoryFormula {
  readonly formula: Formula;
  readonly needsTokens: boolean;
}

/** The variable that counts a tool's calls. A formula can't hold the dashes that a tool's name may. */
export function toolVariable(tool: string): string {
  return `tool_calls.${tool.replaceAll("-", "_")}`;
}

/** Throws `formula_parse_error` or `invalid_variable_error`, for a tool that the environment has not too. */
export function compileTrajectoryFormula(source: string, tools: readonly string[]): TrajectoryFormula {
  const formula = compileFormula(source, [...VARIABLES, ...tools.map(toolVariable)]);
  const used = formulaVariables(parseFormula(source));
  return { formula, needsTokens: used.some((name) => TOKEN_VARIABLES.includes(name)) };
}
