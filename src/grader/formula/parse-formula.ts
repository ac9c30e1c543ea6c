import { FORMULA_FUNCTIONS } from "./functions.ts";
import type { FormulaFunction } from "./functions.ts";
import { formulaParseError } from "./formula-error.ts";
import type { BinaryOperator, FormulaNode } from "./node.ts";
import { tokenize } from "./token.ts";
import type { FormulaSymbol, Token } from "./token.ts";

/** Deepest nesting of parentheses, signs and powers. */
const MAX_DEPTH = 200;

/**
 * Parses a formula: `+ -` bind weakest, then `* /`, then signs, then `^`, which is right-associative and binds
 * stronger than the sign before it (`-2^2` is -4) but takes a signed exponent (`2^-1` is 0.5).
 * Throws `formula_parse_error` naming the position.
 */
export function parseFormula(source: string): FormulaNode {
  const parser = new FormulaParser(tokenize(source));
  return parser.whole();
}

class FormulaParser {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): FormulaNode {
    const node = this.#sum();
    if (this.#current.kind !== "end") throw formulaParseError("goes on unexpectedly", this.#current.at);
    return node;
  }

  get #current(): Token {
    return this.#tokens[this.#position] ?? { kind: "end", at: 0 };
  }

  #sum(): FormulaNode {
    return this.#leftAssociative(["+", "-"], () => this.#product());
  }

  #product(): FormulaNode {
    return this.#leftAssociative(["*", "/"], () => this.#signed());
  }

  #leftAssociative(operators: readonly BinaryOperator[], operand: () => FormulaNode): FormulaNode {
    let left = operand();
    for (;;) {
      const operator = operators.find((symbol) => this.#takeSymbol(symbol));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: operand() };
    }
  }

  #signed(): FormulaNode {
    return this.#deeper(() => {
      if (this.#takeSymbol("-")) return { kind: "negate", operand: this.#signed() };
      if (this.#takeSymbol("+")) return this.#signed();
      return this.#power();
    });
  }

  #power(): FormulaNode {
    const base = this.#primary();
    if (!this.#takeSymbol("^")) return base;
    return { kind: "binary", operator: "^", left: base, right: this.#signed() };
  }

  #primary(): FormulaNode {
    const token = this.#current;
    this.#position += 1;
    if (token.kind === "number") return { kind: "number", value: token.value };
    if (token.kind === "name") return this.#variableOrCall(token);
    if (token.kind === "symbol" && token.symbol === "(") {
      const inner = this.#sum();
      this.#expectSymbol(")");
      return inner;
    }
    throw formulaParseError("lacks a value", token.at);
  }

  #variableOrCall(token: Extract<Token, { kind: "name" }>): FormulaNode {
    if (!this.#takeSymbol("(")) return { kind: "variable", name: token.name };
    const called = FORMULA_FUNCTIONS.get(token.name);
    if (called === undefined)
      throw formulaParseError(`calls "${token.name}", which is no function,`, token.at);
    const values = this.#arguments();
    checkArity(called, values.length, token);
    return { kind: "call", function: called, arguments: values };
  }

  #arguments(): readonly FormulaNode[] {
    if (this.#takeSymbol(")")) return [];
    const values = [this.#sum()];
    while (this.#takeSymbol(",")) values.push(this.#sum());
    this.#expectSymbol(")");
    return values;
  }

  #takeSymbol(symbol: FormulaSymbol): boolean {
    const token = this.#current;
    if (token.kind !== "symbol" || token.symbol !== symbol) return false;
    this.#position += 1;
    return true;
  }

  #expectSymbol(symbol: FormulaSymbol): void {
    if (!this.#takeSymbol(symbol)) throw formulaParseError(`lacks "${symbol}"`, this.#current.at);
  }

  #deeper(parse: () => FormulaNode): FormulaNode {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw formulaParseError("is nested too deeply", this.#current.at);
    const node = parse();
    this.#depth -= 1;
    return node;
  }
}

function checkArity(
  called: FormulaFunction,
  count: number,
  { name, at }: { name: string; at: number },
): void {
  if (count >= called.minArguments && count <= called.maxArguments) return;
  const wanted = called.maxArguments === 1 ? "one argument" : "at least one argument";
  throw formulaParseError(`gives ${name} ${count} arguments where it takes ${wanted},`, at);
}
