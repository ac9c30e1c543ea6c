import { closedBy, isSimple, partsOf, restOfLine, stringAt, UNCLEAR } from "./code-part.ts";
import type { CodePart, CodeReading, PartAtToken } from "./code-part.ts";

const TOKENS = /(?<![\s\S])#!|\/\/|\/\*|\/|["'`]|<!--|-->/u;
const LINE_ENDS = /[\n\r\u2028\u2029]/u;
const STRING_ENDS = new Map([
  ['"', /\\(?:\r\n|[\s\S])|["\r\n]/u],
  ["'", /\\(?:\r\n|[\s\S])|['\r\n]/u],
]);
const TEMPLATE_ENDS = /\\[\s\S]|`/u;
const PATTERN_PARTS = /\\[^\n\r\u2028\u2029]|[[\]/\n\r\u2028\u2029]/gu;

/** Makes out strings, templates, patterns and remarks of JavaScript and TypeScript; what could be read in two ways is unclear. */
export const readScript: CodeReading = (code) => partsOf(code, TOKENS, partAt);

const partAt: PartAtToken = (code, token) => {
  const [found] = token;
  const to = token.index + found.length;
  const ends = STRING_ENDS.get(found);
  if (ends !== undefined) return stringAt(code, to, ends);
  if (found === "//" || found === "#!") return restOfLine(code, to, LINE_ENDS);
  if (found === "/*") return closedBy(code, "*/", { kind: "remark", from: to });
  if (found === "`") return templateAt(code, to);
  return found === "/" ? slashAt(code, token.index) : UNCLEAR;
};

const PIECES = /\\[\s\S]|\$\{[^{}]{0,1000}\}|\$\{/gu;

function templateAt(code: string, from: number): Pick<CodePart, "kind" | "to"> {
  const part = stringAt(code, from, TEMPLATE_ENDS);
  if (part.kind === "unclear") return part;
  const isPlain = Array.from(code.slice(from, part.to).matchAll(PIECES), ([piece]) => piece).every(
    (piece) => piece.startsWith("\\") || (piece.length > 2 && isSimple(piece)),
  );
  return isPlain ? part : UNCLEAR;
}

/** How far is looked back for what a slash comes after. */
const LOOK_BACK = 200;
const BEGINS_PATTERN = /[=(,:;[{?&|]$/u;
const NAME = /[^\w$.](?<name>[\w$]{1,60})$/u;
const DIVIDED = /[\w$)\]?]\.[\w$]{1,60}$|\]$/u;
/** Words that are no operands: a pattern may follow. */
const OPERATORS = new Set(
  "return typeof case in of do else void delete throw new instanceof yield await default extends break continue debugger".split(
    " ",
  ),
);

/** A slash divides, or begins a pattern; which of both can be told of most. */
function slashAt(code: string, at: number): Pick<CodePart, "kind" | "to"> {
  const next = code.indexOf("/", at + 1);
  const divides = { kind: "text", to: at + 1 } as const;
  // A pattern ends on its line.
  if (next === -1 || LINE_ENDS.test(code.slice(at, next))) return divides;
  const around = at < LOOK_BACK ? `\n${code.slice(0, at)}` : code.slice(at - LOOK_BACK, at);
  const before = around.trimEnd();
  const isOnNextLine = LINE_ENDS.test(around.slice(before.length));
  // What ends the line before may be a remark.
  const isTold = !isOnNextLine || /\n[^/]+$/u.test(before);
  if (isTold && BEGINS_PATTERN.test(before)) return patternAt(code, at + 1);
  return !isOnNextLine && isOperand(before.slice(-80)) ? divides : UNCLEAR;
}

function isOperand(before: string): boolean {
  const name = NAME.exec(before)?.groups?.["name"];
  return name === undefined ? DIVIDED.test(before) : !OPERATORS.has(name);
}

function patternAt(code: string, from: number): Pick<CodePart, "kind" | "to"> {
  PATTERN_PARTS.lastIndex = from;
  let isInClass = false;
  for (let part = PATTERN_PARTS.exec(code); part !== null; part = PATTERN_PARTS.exec(code)) {
    const [found] = part;
    if (found === "/" && !isInClass) return { kind: "text", to: part.index + 1 };
    // A class within a class is one, or is not, by the pattern's flags.
    if (LINE_ENDS.test(found) || (found === "[" && isInClass)) return UNCLEAR;
    if (found === "[" || found === "]") isInClass = found === "[";
  }
  return UNCLEAR;
}
