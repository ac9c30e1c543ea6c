import type { Habits } from "./habits.ts";
import type { RequestWords } from "./request-words.ts";

/** Patterns of the first turn, most telling first; at most `habits.breadth`, at least one where there is any word. */
export function firstPatterns(words: RequestWords, habits: Habits): readonly string[] {
  const patterns = [
    ...namedPatterns(words, habits),
    ...words.phrases.map(phrasePattern),
    ...words.plain.map(wordPattern),
  ];
  return [...new Set(patterns)].slice(0, habits.breadth);
}

/** Patterns for what the request names outright. */
export function namedPatterns(words: RequestWords, habits: Habits): readonly string[] {
  return [
    ...words.paths.map((path) => pathPattern(path, habits)),
    ...words.names.map((name) => namePattern(name, habits)),
  ];
}

/** A whole name, or whatever contains it, for the hasty. */
export function namePattern(name: string, habits: Habits): string {
  return habits.precise ? `\\b${escape(name)}\\b` : escape(name);
}

function pathPattern(path: string, habits: Habits): string {
  const file = path.split("/").at(-1) ?? path;
  if (file.endsWith(".md")) return escape(file);
  const stem = escape(file.replace(/\.[jt]s$/, ""));
  return habits.precise ? `(require|proxyquire|from) ?\\(?['"][./a-z]*/${stem}(\\.js)?['"]` : stem;
}

/** "log controller" as it may stand in code: logController, log-controller, LOG_CONTROLLER is left to luck. */
function phrasePattern(phrase: string): string {
  return phrase.split(" ").map(anyCase).join("[-_. ]?");
}

function wordPattern(word: string): string {
  return anyCase(stemOf(word));
}

function anyCase(word: string): string {
  const initial = word.charAt(0);
  return `[${initial}${initial.toUpperCase()}]${escape(word.slice(1))}`;
}

/** A crude stem: enough to find `hijacked` and `hijack`, `requests` and `request`. */
export function stemOf(word: string): string {
  return word.length > 5 ? word.replace(/(ies|ing|ed|es|s)$/, "") : word.replace(/s$/, "");
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
