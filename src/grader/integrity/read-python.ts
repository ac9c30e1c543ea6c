import { isSimple, partsOf, restOfLine, stringAt, UNCLEAR } from "./code-part.ts";
import type { CodePart, PartAtToken } from "./code-part.ts";

const TOKENS = /(\b[rbuft]{1,2})?("""|'''|["'])|#|[([{]|[)\]}]|\\(?:\r\n|[\s\S])|\r\n?|\n/u;
const LINE_ENDS = /[\r\n]/u;
const STRING_ENDS = new Map([
  ['"', /\\(?:\r\n|[\s\S])|["\r\n]/u],
  ["'", /\\(?:\r\n|[\s\S])|['\r\n]/u],
  ['"""', /\\[\s\S]|"""/u],
  ["'''", /\\[\s\S]|'''/u],
]);
/** Nothing more of the statement comes. */
const STATEMENT_ENDS = /[ \t\f]*(?:[\r\n;#]|$)/uy;

/** Makes out strings, remarks, brackets and ends of lines of Python. A string of three quotes that is a whole statement is a remark. */
export function* readPython(code: string): Generator<CodePart> {
  let depth = 0;
  let lineFrom = 0;
  let isFirst = true;
  for (const part of partsOf(code, TOKENS, partAt)) {
    const { kind, from, to } = part;
    const begins = isFirst && depth === 0 && code.slice(lineFrom, from).trim() === "";
    isFirst = false;
    if (kind === "newline") {
      isFirst = true;
      lineFrom = to;
    }
    depth = depthAfter(kind, depth);
    // Within brackets, a line ends nothing.
    if (kind !== "newline" || depth === 0)
      yield begins && isStatement(code, part) ? { ...part, kind: "remark" } : part;
  }
}

/** How many brackets are open after a part. */
export function depthAfter(kind: CodePart["kind"], depth: number): number {
  if (kind === "open") return depth + 1;
  return kind === "close" ? Math.max(0, depth - 1) : depth;
}

function isStatement(code: string, { kind, from, to }: CodePart): boolean {
  const opening = code.slice(from, from + 5);
  if (kind !== "text" || !/^[rbu]{0,2}(?:"""|''')/iu.test(opening)) return false;
  STATEMENT_ENDS.lastIndex = to;
  return STATEMENT_ENDS.test(code);
}

const KINDS = new Map<string, CodePart["kind"]>([
  ...Array.from("([{", (bracket) => [bracket, "open"] as const),
  ...Array.from(")]}", (bracket) => [bracket, "close"] as const),
  ["\r", "newline"],
  ["\n", "newline"],
  ["\\", "text"],
]);

const partAt: PartAtToken = (code, token) => {
  const [found, prefix = "", quotes = ""] = token;
  const to = token.index + found.length;
  if (found === "#") return restOfLine(code, to, LINE_ENDS);
  const ends = STRING_ENDS.get(quotes);
  if (ends === undefined) return { kind: KINDS.get(found.charAt(0)) ?? "unclear", to };
  const part = stringAt(code, to, ends);
  const isClear = !/[ft]/iu.test(prefix) || part.kind === "unclear" || isPlain(code.slice(to, part.to));
  return isClear ? part : UNCLEAR;
};

const PIECES = /\{\{|\}\}|\{[^{}]{0,1000}\}|[{}]/gu;

/** Whether what stands in the braces of a string holds no quotes that could have ended it, or not, by Python's version. */
function isPlain(text: string): boolean {
  return Array.from(text.matchAll(PIECES), ([piece]) => piece).every(
    (piece) => piece === "{{" || piece === "}}" || (piece.length > 1 && isSimple(piece)),
  );
}
