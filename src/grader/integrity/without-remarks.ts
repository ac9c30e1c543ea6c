import type { CodePart, CodeReading } from "./code-part.ts";
import { readC } from "./read-c.ts";
import { readGo } from "./read-go.ts";
import { readPython } from "./read-python.ts";
import { readScript } from "./read-script.ts";
import { readShell } from "./read-shell.ts";

const READINGS: readonly (readonly [names: RegExp, read: CodeReading])[] = [
  [/\.py[wxi]?$/iu, readPython],
  [/\.(?:cu|cuh|c|cc|cpp|cxx|h|hh|hpp|inl)$/iu, readC],
  [/\.[mc]?[jt]s$/iu, readScript],
  [/\.go$/iu, readGo],
  [/\.(?:sh|bash)$/iu, readShell],
];

/**
 * Code without what surely does nothing, by the language that a file's name tells. Of other languages, of code without a
 * name, and from a place on where it could be read in two ways, all stays: what is taken for a remark is not looked
 * through. Takes time that grows with the length.
 */
export function withoutRemarks(path: string, code: string): string {
  const [, read = null] = READINGS.find(([names]) => names.test(path)) ?? [];
  if (read === null) return code;
  const kept: string[] = [];
  let at = 0;
  for (const part of read(code)) {
    if (part.kind !== "remark") continue;
    kept.push(code.slice(at, part.from), insteadOf(code, part));
    at = part.to;
  }
  return kept.join("") + code.slice(at);
}

/** Words on both sides of a remark stay two. */
function insteadOf(code: string, { from, to }: CodePart): string {
  return code.slice(from, to).includes("\n") ? "\n" : " ";
}
