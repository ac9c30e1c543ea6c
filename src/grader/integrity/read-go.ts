import { closedBy, partsOf, restOfLine, stringAt } from "./code-part.ts";
import type { CodeReading, PartAtToken } from "./code-part.ts";

const TOKENS = /\/\/|\/\*|["'`]/u;
const TEXT_ENDS = /\\[\s\S]|["\n]/u;
const RUNE_ENDS = /\\[\s\S]|['\n]/u;

/** Makes out strings and remarks of Go. */
export const readGo: CodeReading = (code) => partsOf(code, TOKENS, partAt);

const partAt: PartAtToken = (code, token) => {
  const [found] = token;
  const to = token.index + found.length;
  if (found === "//") return restOfLine(code, to, /\n/u);
  if (found === "/*") return closedBy(code, "*/", { kind: "remark", from: to });
  if (found === "`") return closedBy(code, "`", { kind: "text", from: to });
  return stringAt(code, to, found === '"' ? TEXT_ENDS : RUNE_ENDS);
};
