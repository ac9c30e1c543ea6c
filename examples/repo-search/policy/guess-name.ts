import { stemOf } from "./plan-searches.ts";
import type { RequestWords } from "./request-words.ts";
import type { SearchResult } from "./search-hits.ts";

const IDENTIFIER = /[A-Za-z_$][\w$]*/g;

/** What kind of name a request is likely to mean, by what it says. */
const KINDS: readonly (readonly [says: RegExp, looks: RegExp])[] = [
  [/\bsymbols?\b/i, /^k[A-Z]/],
  [/\berror\b/i, /^FST_ERR_[A-Z_]+$/],
  [/\btype\b/i, /^Fastify[A-Z]/],
  [/\b(method|function|helper)\b/i, /^[a-z]+[A-Z]/],
];

/**
 * The names in the lines found that have most in common with the words of the request, best first. This is how the
 * policy gets from "the reply was hijacked" to an identifier.
 */
export function guessNames(
  request: string,
  words: RequestWords,
  results: readonly SearchResult[],
): readonly string[] {
  const stems = [
    ...new Set([...words.plain, ...words.phrases.flatMap((phrase) => phrase.split(" "))].map(stemOf)),
  ];
  const looks = KINDS.filter(([says]) => says.test(request)).map(([, look]) => look);
  const names = new Set(
    results
      .flatMap(({ hits }) => hits)
      .flatMap(({ text }) => [...text.matchAll(IDENTIFIER)].map((match) => match[0])),
  );
  return [...names]
    .map((name) => ({ name, score: score(name, stems, looks) }))
    .filter(({ score: points }) => points > 0)
    .toSorted((left, right) => right.score - left.score || (left.name < right.name ? -1 : 1))
    .map(({ name }) => name);
}

function score(name: string, stems: readonly string[], looks: readonly RegExp[]): number {
  const parts = name.split(/_|(?<=[a-z])(?=[A-Z])/).map((part) => part.toLowerCase());
  if (parts.length < 2) return 0;
  const shared = stems.filter((stem) => parts.some((part) => part.startsWith(stem))).length;
  if (shared === 0) return 0;
  const likely = looks.some((look) => look.test(name)) ? 1.5 : 0;
  // a name of many parts shares words by accident
  return shared + likely - parts.length * 0.1;
}
