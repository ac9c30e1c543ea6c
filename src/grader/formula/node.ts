import type { FormulaFunction } from "./functions.ts";

/** Operators between two values. */
export type BinaryOperator = "+" | "-" | "*" | "/" | "^";

/** A parsed formula. */
export type FormulaNode =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "negate"; readonly operand: FormulaNode }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: FormulaNode;
      readonly right: FormulaNode;
    }
  | {
      readonly kind: "call";
      readonly function: FormulaFunction;
      readonly arguments: readonly FormulaNode[];
    };
