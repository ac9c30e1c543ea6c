import { closedBy, partsOf, restOfLine, stringAt, UNCLEAR } from "./code-part.ts";
import type { CodePart, CodeReading, PartAtToken } from "./code-part.ts";

/** Words are tokens, for quotes within a number are none; so is what is joined with the next line, or may be a raw string. */
const TOKENS =
  /\/\/|\/\*|\/\\[ \t\f\v]*\r?\n|\\[ \t\f\v]*\r?\n|\\[\s\S]|\b(?:u8|[LuU])?R"|["']|\.?\d[\w.]*|\w+|\r(?!\n)/u;
const STRING_ENDS = new Map([
  ['"', /\\(?:\r\n|[\s\S])|["\r\n]/u],
  ["'", /\\(?:\r\n|[\s\S])|['\r\n]/u],
]);
const MORE_OF_NUMBER = /'[\w.]+/uy;
const JOINED = /(?:\\|\?\?\/)[ \t\f\v]*\r?\n/u;

/** Makes out strings and remarks of C, C++ and CUDA. */
export const readC: CodeReading = (code) => partsOf(code, TOKENS, partAt);

const partAt: PartAtToken = (code, token) => {
  const [found] = token;
  const to = token.index + found.length;
  if (found === "//" || found === "/*") return remarkAt(code, to, found);
  const ends = STRING_ENDS.get(found);
  if (ends !== undefined) return stringAt(code, to, ends);
  if (/^\.?\d/u.test(found)) return { kind: "text", to: endOfNumber(code, to) };
  // A word, or a number, may go on in the next line.
  const isBroken = JOINED.test(found) && /[\w']/u.test(code.charAt(token.index - 1));
  return /^(?:\w+|\\[\s\S]+)$/u.test(found) && !isBroken ? { kind: "text", to } : UNCLEAR;
};

/** A line that is joined with the next one carries its remark on, which nobody writes who means well. */
function remarkAt(code: string, from: number, opening: string): Pick<CodePart, "kind" | "to"> {
  const part =
    opening === "//" ? restOfLine(code, from, /\n/u) : closedBy(code, "*/", { kind: "remark", from });
  const isJoined = part.kind === "remark" && JOINED.test(code.slice(from, part.to + 1));
  return isJoined ? UNCLEAR : part;
}

function endOfNumber(code: string, from: number): number {
  let to = from;
  MORE_OF_NUMBER.lastIndex = to;
  while (MORE_OF_NUMBER.test(code)) to = MORE_OF_NUMBER.lastIndex;
  return to;
}
