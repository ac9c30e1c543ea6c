import { assertNever } from "../../lib/assert-never.ts";
import { invalidVariableError } from "./formula-error.ts";
import type { BinaryOperator, FormulaNode } from "./node.ts";

/** Values by variable name. */
export type FormulaVariables = ReadonlyMap<string, number>;

/**
 * The value of a parsed formula in IEEE doubles: it may be NaN or infinite, which the caller must refuse.
 * Throws `invalid_variable_error` for a name without a value.
 */
export function evaluateFormula(node: FormulaNode, variables: FormulaVariables): number {
  switch (node.kind) {
    case "number":
      return node.value;
    case "variable":
      return valueOf(node.name, variables);
    case "negate":
      return -evaluateFormula(node.operand, variables);
    case "binary":
      return applyOperator(
        node.operator,
        evaluateFormula(node.left, variables),
        evaluateFormula(node.right, variables),
      );
    case "call":
      return node.function.apply(node.arguments.map((part) => evaluateFormula(part, variables)));
    default:
      return assertNever(node);
  }
}

/** The names that a formula uses, in order, repeats included. */
export function formulaVariables(node: FormulaNode): readonly string[] {
  switch (node.kind) {
    case "number":
      return [];
    case "variable":
      return [node.name];
    case "negate":
      return formulaVariables(node.operand);
    case "binary":
      return [...formulaVariables(node.left), ...formulaVariables(node.right)];
    case "call":
      return node.arguments.flatMap(formulaVariables);
    default:
      return assertNever(node);
  }
}

function valueOf(name: string, variables: FormulaVariables): number {
  const value = variables.get(name);
  if (value === undefined) throw invalidVariableError(name);
  return value;
}

function applyOperator(operator: BinaryOperator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "^":
      return left ** right;
    default:
      return assertNever(operator);
  }
}
