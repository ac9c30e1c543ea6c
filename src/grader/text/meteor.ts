import { porterStem } from "./porter-stem.ts";
import { tokenize13a } from "./tokenize-13a.ts";
import type { Synonyms } from "./wordnet.ts";

/** NLTK's parameters: weight of precision, and the penalty's share and power. */
const ALPHA = 0.9;
const GAMMA = 0.5;
const BETA = 3;

/** A word and its place in its text. */
interface PlacedWord {
  readonly place: number;
  readonly word: string;
}

/** Places of the same word in input and reference. */
type Match = readonly [number, number];

/**
 * METEOR (Banerjee and Lavie 2005) from 0 to 1 as nltk's `single_meteor_score` has it: words match as they are, then
 * by their stems, then as synonyms; many short runs of matches are punished. Tokens by `13a`, lower case.
 */
export function meteor(input: string, reference: string, synonyms: Synonyms): number {
  const given = placedWords(input);
  const right = placedWords(reference);
  const matches = align(given, right, synonyms);
  if (matches.length === 0) return 0;
  const precision = matches.length / given.length;
  const recall = matches.length / right.length;
  const mean = (precision * recall) / (ALPHA * precision + (1 - ALPHA) * recall);
  const penalty = GAMMA * (countRuns(matches) / matches.length) ** BETA;
  return (1 - penalty) * mean;
}

function placedWords(text: string): readonly PlacedWord[] {
  return tokenize13a(text).map((word, place) => ({ place, word: word.toLowerCase() }));
}

function align(
  given: readonly PlacedWord[],
  right: readonly PlacedWord[],
  synonyms: Synonyms,
): readonly Match[] {
  const itself = (word: string): readonly string[] => [word];
  const exact = matchWords(given, right, itself);
  const stems = matchWords(exact.given.map(stemmed), exact.right.map(stemmed), itself);
  // As in NLTK, what is left for synonyms are the stems.
  const meanings = matchWords(stems.given, stems.right, (word) => [word, ...synonyms.of(word)]);
  return [...exact.matches, ...stems.matches, ...meanings.matches].toSorted(
    ([left], [other]) => left - other,
  );
}

function stemmed({ place, word }: PlacedWord): PlacedWord {
  return { place, word: porterStem(word) };
}

interface Matching {
  readonly matches: readonly Match[];
  /** What matched nothing. */
  readonly given: readonly PlacedWord[];
  readonly right: readonly PlacedWord[];
}

/** Matches from the end: each given word with the last free place of a word that stands for it. */
function matchWords(
  given: readonly PlacedWord[],
  right: readonly PlacedWord[],
  standIns: (word: string) => readonly string[],
): Matching {
  const free = new Map<string, number[]>();
  for (const { place, word } of right) free.set(word, [...(free.get(word) ?? []), place]);
  const matches: Match[] = [];
  for (const { place, word } of given.toReversed()) {
    const places = standIns(word).map((standIn) => free.get(standIn) ?? []);
    const best = places.reduce((last, each) => ((each.at(-1) ?? -1) > (last.at(-1) ?? -1) ? each : last), []);
    const match = best.pop();
    if (match !== undefined) matches.push([place, match]);
  }
  const [givenUsed, rightUsed] = [
    new Set(matches.map(([left]) => left)),
    new Set(matches.map(([, at]) => at)),
  ];
  return {
    matches,
    given: given.filter(({ place }) => !givenUsed.has(place)),
    right: right.filter(({ place }) => !rightUsed.has(place)),
  };
}

/** Runs of matches that follow each other in both texts. */
function countRuns(matches: readonly Match[]): number {
  return matches.filter(([left, at], index) => {
    const before = matches[index - 1];
    return before === undefined || left !== before[0] + 1 || at !== before[1] + 1;
  }).length;
}
