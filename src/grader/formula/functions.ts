/** A function of formulas: how many arguments it takes, and what it gives. */
export interface FormulaFunction {
  readonly minArguments: number;
  readonly maxArguments: number;
  readonly apply: (values: readonly number[]) => number;
}

const unary = (apply: (value: number) => number): FormulaFunction => ({
  minArguments: 1,
  maxArguments: 1,
  apply: ([value = Number.NaN]) => apply(value),
});

const variadic = (apply: (...values: number[]) => number): FormulaFunction => ({
  minArguments: 1,
  maxArguments: Infinity,
  apply: (values) => apply(...values),
});

/** The functions that OpenAI's `calculate_output` knows; `log` is the natural logarithm. */
export const FORMULA_FUNCTIONS: ReadonlyMap<string, FormulaFunction> = new Map([
  ["min", variadic(Math.min)],
  ["max", variadic(Math.max)],
  ["abs", unary(Math.abs)],
  ["floor", unary(Math.floor)],
  ["ceil", unary(Math.ceil)],
  ["exp", unary(Math.exp)],
  ["sqrt", unary(Math.sqrt)],
  ["log", unary(Math.log)],
]);
