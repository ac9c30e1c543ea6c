import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One file of the code base that the requests are about. */
export interface CorpusFile {
  /** Path from the corpus root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** The code base, by path, in path order. */
export type Corpus = ReadonlyMap<string, CorpusFile>;

const TEXT_FILE = /\.(js|mjs|cjs|ts|mts|cts|md|json|ya?ml)$/;

/**
 * Reads every text file below `root`; nested `node_modules` are not the package's own sources and stay out.
 * Throws what `node:fs` throws when the folder can't be read.
 */
export function readCorpus(root: string): Corpus {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => TEXT_FILE.test(path) && !path.split("/").includes("node_modules"))
    .toSorted();
  return new Map(paths.map((path) => [path, { path, text: readFileSync(join(root, path), "utf8") }]));
}
