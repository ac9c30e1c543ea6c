import { endsInVowelLetter, endsLikeHop, hasVowel, isConsonantAt, measure } from "./porter-letters.ts";

/** A rule: the ending, what takes its place, and what the rest must fulfil. */
interface Rule {
  readonly ending: string;
  readonly replacement: string;
  readonly holds: (rest: string, word: string) => boolean;
}

/** Words that the rules would get wrong; from the list that NLTK keeps. */
const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ["skies", "sky"],
  ["sky", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["innings", "inning"],
  ["inning", "inning"],
  ["outings", "outing"],
  ["outing", "outing"],
  ["cannings", "canning"],
  ["canning", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

const always = (): boolean => true;
const measured = (rest: string): boolean => measure(rest) > 0;
const longMeasured = (rest: string): boolean => measure(rest) > 1;

const rules = (holds: Rule["holds"], table: Readonly<Record<string, string>>): readonly Rule[] =>
  Object.entries(table).map(([ending, replacement]) => ({ ending, replacement, holds }));

const STEP_1A = rules(always, { sses: "ss", ies: "i", ss: "ss", s: "" });
const STEP_1C = rules((rest) => rest.length > 1 && isConsonantAt(rest, rest.length - 1), { y: "i" });

const STEP_2: readonly Rule[] = [
  ...rules(measured, {
    ational: "ate",
    tional: "tion",
    enci: "ence",
    anci: "ance",
    izer: "ize",
    bli: "ble",
    alli: "al",
    entli: "ent",
    eli: "e",
    ousli: "ous",
    ization: "ize",
    ation: "ate",
    ator: "ate",
    alism: "al",
    iveness: "ive",
    fulness: "ful",
    ousness: "ous",
    aliti: "al",
    iviti: "ive",
    biliti: "ble",
    fulli: "ful",
  }),
  // Its "l" counts with the rest, so that "geologi" is as "archaeologi".
  ...rules((_rest, word) => measured(word.slice(0, -3)), { logi: "log" }),
];

const STEP_3 = rules(measured, {
  icate: "ic",
  ative: "",
  alize: "al",
  iciti: "ic",
  ical: "ic",
  ful: "",
  ness: "",
});

const STEP_4_ENDINGS = "al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize".split(
  " ",
);
const STEP_4 = STEP_4_ENDINGS.flatMap((ending) =>
  rules((rest) => longMeasured(rest) && (ending !== "ion" || /[st]$/.test(rest)), { [ending]: "" }),
);

const STEP_5B = rules((_rest, word) => longMeasured(word.slice(0, -1)), { ll: "l" });

/**
 * The stem of a lower-case word by Porter's algorithm ("An algorithm for suffix stripping", 1980) with the extensions
 * that NLTK's `PorterStemmer` has by default. Its METEOR compares words by it.
 */
export function porterStem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (lettersOf(word) <= 2) return word;
  const singular = stepOneA(word);
  const tenseless = stepOneB(singular);
  return [STEP_1C, stepTwo, STEP_3, STEP_4, stepFiveA, STEP_5B].reduce(
    (stem, step) => (typeof step === "function" ? step(stem) : firstRule(stem, step)),
    tenseless,
  );
}

/** Applies the first rule whose ending the word has; if its rest does not fulfil it, no further one is tried. */
function firstRule(word: string, table: readonly Rule[]): string {
  const rule = table.find(({ ending }) => word.endsWith(ending));
  if (rule === undefined) return word;
  const rest = word.slice(0, word.length - rule.ending.length);
  return rule.holds(rest, word) ? rest + rule.replacement : word;
}

/** In code points, as Python counts. */
function lettersOf(word: string): number {
  return [...word].length;
}

function stepOneA(word: string): string {
  return word.endsWith("ies") && lettersOf(word) === 4 ? word.slice(0, -1) : firstRule(word, STEP_1A);
}

function stepOneB(word: string): string {
  if (word.endsWith("ied")) return word.slice(0, lettersOf(word) === 4 ? -1 : -2);
  if (word.endsWith("eed")) return measured(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const ending = ["ed", "ing"].find((each) => word.endsWith(each) && hasVowel(word.slice(0, -each.length)));
  return ending === undefined ? word : mended(word.slice(0, -ending.length));
}

/** What is left after "ed" or "ing" may lack an "e" or have a letter twice. */
function mended(rest: string): string {
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  const last = rest.at(-1) ?? "";
  if (rest.length >= 2 && rest.at(-2) === last && !endsInVowelLetter(rest)) {
    return /[lsz]$/.test(rest) ? rest : rest.slice(0, -1);
  }
  return measure(rest) === 1 && endsLikeHop(rest) ? `${rest}e` : rest;
}

function stepTwo(word: string): string {
  const rest = word.slice(0, -4);
  return word.endsWith("alli") && measured(rest) ? stepTwo(`${rest}al`) : firstRule(word, STEP_2);
}

function stepFiveA(word: string): string {
  if (!word.endsWith("e")) return word;
  const rest = word.slice(0, -1);
  const size = measure(rest);
  return size > 1 || (size === 1 && !endsLikeHop(rest)) ? rest : word;
}
