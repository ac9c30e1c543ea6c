import type { SourceMap } from "./source-map.ts";

const MAX_LINES = 400;
/** With a class of one letter in each word, so that this file does not find itself. */
const UNFINISHED = /\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b|not (yet )?impl[e]mented/;
const CONFIG_FILE = /^[^/]*\.config\.ts$/;

/** Files that are too long, re-export, export a default, or say that they are unfinished; each as a sentence. */
export function findBadHabits(sources: SourceMap): readonly string[] {
  return [...sources].flatMap(([path, text]) => {
    const problems = [tooLong(text), reExport(path, text), defaultExport(path, text), unfinished(text)];
    return problems.flatMap((problem) => (problem === null ? [] : [`${path} ${problem}`]));
  });
}

function tooLong(text: string): string | null {
  const lines = text.split("\n").length - 1;
  return lines > MAX_LINES ? `has ${lines} lines, more than ${MAX_LINES}` : null;
}

function reExport(path: string, text: string): string | null {
  const isFound = !path.endsWith(".go") && /^export\s[^;=]*?\bfrom\s*["']|^export\s*\*/m.test(text);
  return isFound ? "re-exports another file: import it where it is used" : null;
}

function defaultExport(path: string, text: string): string | null {
  const isFound = !CONFIG_FILE.test(path) && !path.endsWith(".go") && /^export default\b/m.test(text);
  return isFound ? "has a default export" : null;
}

function unfinished(text: string): string | null {
  const word = UNFINISHED.exec(text)?.[0];
  return word === undefined ? null : `says "${word}"`;
}
