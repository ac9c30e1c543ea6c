import { readCorpus } from "./corpus.ts";
import type { Corpus } from "./corpus.ts";
import { readSourceFacts } from "./read-source-facts.ts";
import type { SourceFacts } from "./source-facts.ts";

const SOURCE_FILE = /\.[cm]?[jt]s$/;

/** The corpus with the syntax facts of each JavaScript and TypeScript file in it. */
export interface CodeBase {
  readonly corpus: Corpus;
  readonly sources: ReadonlyMap<string, SourceFacts>;
}

/** Reads and parses the code base below `root`; throws when a source file does not parse. */
export function readCodeBase(root: string): CodeBase {
  const corpus = readCorpus(root);
  const sources = [...corpus.values()]
    .filter(({ path }) => SOURCE_FILE.test(path))
    .map(({ path, text }) => [path, readSourceFacts(path, text)] as const);
  return { corpus, sources: new Map(sources) };
}
