import { formulaParseError } from "./formula-error.ts";

/** A piece of a formula. `at` counts characters from 1. */
export type Token =
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "symbol"; readonly symbol: FormulaSymbol; readonly at: number }
  | { readonly kind: "end"; readonly at: number };

/** Operators and punctuation of formulas. */
export type FormulaSymbol = "+" | "-" | "*" | "/" | "^" | "(" | ")" | ",";

/** The most characters of a formula; bounds the depth of its tree. */
export const MAX_FORMULA_CHARACTERS = 4096;

const BLANKS = /\s*/y;
const PIECE = /(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_][\w.]*)|([-+*/^(),])/y;

/** Cuts a formula into tokens, the last one `end`. Throws `formula_parse_error` naming the position. */
export function tokenize(source: string): readonly Token[] {
  if (source.length > MAX_FORMULA_CHARACTERS) {
    throw formulaParseError(`is longer than ${MAX_FORMULA_CHARACTERS} characters`, 1);
  }
  const tokens: Token[] = [];
  let position = skipBlanks(source, 0);
  while (position < source.length) {
    PIECE.lastIndex = position;
    const match = PIECE.exec(source);
    if (match === null) throw formulaParseError("has a character that no formula can hold", position + 1);
    tokens.push(tokenOf(match, position + 1));
    position = skipBlanks(source, position + match[0].length);
  }
  tokens.push({ kind: "end", at: source.length + 1 });
  return tokens;
}

function skipBlanks(source: string, position: number): number {
  BLANKS.lastIndex = position;
  return position + (BLANKS.exec(source)?.[0].length ?? 0);
}

function tokenOf([, number, name, symbol]: RegExpExecArray, at: number): Token {
  if (number !== undefined) return { kind: "number", value: Number(number), at };
  if (name !== undefined) return { kind: "name", name, at };
  return { kind: "symbol", symbol: symbol as FormulaSymbol, at };
}
