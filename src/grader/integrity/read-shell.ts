import { closedBy, partsOf, restOfLine, stringAt, UNCLEAR } from "./code-part.ts";
import type { CodeReading, PartAtToken } from "./code-part.ts";

/** What a shell reads by other rules than the rest (documents, arithmetic, patterns, commands in quotes) is unclear. */
const TOKENS =
  /\$\{#?\w+\}|\$[{[]|\$["']|`|<<|\(\(|=~|[@+?*!]\(|(?<=\\\s|\))#|(?<![^ \t\n;&|(])#|\\[\s\S]|["']/u;
const NESTS = /`|\$[([]|\$\{(?!#?\w+\})/u;
const STRING_ENDS = /\\[\s\S]|"/u;

/** Makes out strings and remarks of shells. */
export const readShell: CodeReading = (code) => partsOf(code, TOKENS, partAt);

const partAt: PartAtToken = (code, token) => {
  const [found] = token;
  const to = token.index + found.length;
  if (found === "#" && !/(?:\\\s|\))$/u.test(code.slice(Math.max(0, token.index - 2), token.index)))
    return restOfLine(code, to, /\n/u);
  if (found === "'") return closedBy(code, "'", { kind: "text", from: to });
  if (found !== '"') return /^(?:\$\{[^]+|\\[^])$/u.test(found) ? { kind: "text", to } : UNCLEAR;
  const part = stringAt(code, to, STRING_ENDS);
  return part.kind === "unclear" || NESTS.test(code.slice(to, part.to)) ? UNCLEAR : part;
};
