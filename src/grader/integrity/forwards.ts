import { headOf, pythonLines } from "./python-lines.ts";
import type { PythonLine } from "./python-lines.ts";
import { withoutRemarks } from "./without-remarks.ts";

/** One `forward` of a module of PyTorch's. */
export interface Forward {
  /** Names of what it is given, without `self`. */
  readonly parameters: readonly string[];
  /** Without remarks. */
  readonly body: string;
  /** The body's statements, each with all of its lines; its lines, where statements can't be told. */
  readonly statements: readonly string[];
}

const DEFINES = /^[ \t\f]*(?:async[ \t]+)?def[\s\\]+forward\s*\(/u;
const NAMED = /\bdef[\s\\]+forward\b/gu;
const GIVEN = /\bdef[\s\\]+forward\s*\(([^)]{0,2000})/gu;
/** Bodies within bodies are read up to here, for each takes the time of those within it. */
const MOST_AROUND = 4;
const NEXT_CLASS = /\n(?=class\b)/gu;

/**
 * Every `forward` of a source: an idle one may stand before the one that counts. Where brackets or quotes are open, so that
 * it can't be told where a body ends, the rest of the class is the body.
 */
export function forwardsOf(source: string): readonly Forward[] {
  if (source.search(NAMED) === -1) return [];
  const code = `${withoutRemarks("forward.py", source)}\n`;
  const { lines, toldTo } = pythonLines(code);
  const found: Forward[] = [];
  let around: readonly number[] = [];
  for (const [index, line] of lines.entries()) {
    if (!DEFINES.test(line.text)) continue;
    around = around.filter((end) => end > index);
    if (around.length > MOST_AROUND) continue;
    const end = endOfBody(lines, index);
    around = [...around, end];
    const isCut = end === lines.length && toldTo < code.length;
    found.push(forwardOf(lines.slice(index, end), isCut ? restOfClass(code, toldTo) : ""));
  }
  return [...found, ...untold(code, toldTo)];
}

function forwardOf([head, ...lines]: readonly PythonLine[], more: string): Forward {
  const { given, rest } = headOf(head?.text ?? "");
  const texts = lines.map(({ text }) => text);
  return {
    parameters: namesOf(given),
    body: [`${rest.trim()}\n`, ...texts, more].join(""),
    statements: [rest, ...texts, ...more.split("\n")].flatMap((line) => line.split(";")),
  };
}

function namesOf(given: string): readonly string[] {
  return given
    .split(",")
    .map((each) => /^\s*\**\s*(\w+)/u.exec(each)?.[1] ?? "")
    .filter((name) => name !== "" && name !== "self");
}

/** The first line after those that stand deeper than a function's own. */
function endOfBody(lines: readonly PythonLine[], index: number): number {
  const own = indentOf(lines[index]?.text ?? "");
  let end = index + 1;
  const isWithin = (text: string): boolean => text.trim() === "" || indentOf(text) > own;
  while (end < lines.length && isWithin(lines[end]?.text ?? "")) end += 1;
  return end;
}

/** In columns, as Python counts them. */
function indentOf(line: string): number {
  const blanks = /^[ \t\f]*/u.exec(line)?.[0] ?? "";
  let columns = 0;
  for (const blank of blanks) {
    if (blank === "\f") columns = 0;
    else columns = blank === "\t" ? columns + 8 - (columns % 8) : columns + 1;
  }
  return columns;
}

function restOfClass(code: string, from: number): string {
  NEXT_CLASS.lastIndex = from;
  return code.slice(from, NEXT_CLASS.exec(code)?.index ?? code.length);
}

/** What is named like it where lines can't be told: one for all of a class. */
function untold(code: string, from: number): readonly Forward[] {
  const found: Forward[] = [];
  const named = new RegExp(NAMED.source, "gu");
  named.lastIndex = from;
  for (let name = named.exec(code); name !== null; name = named.exec(code)) {
    const body = restOfClass(code, name.index);
    const parameters = Array.from(body.matchAll(GIVEN), ([, given = ""]) => namesOf(given)).flat();
    found.push({ parameters, body, statements: body.split(/[\n;]/u) });
    named.lastIndex = name.index + body.length;
  }
  return found;
}
