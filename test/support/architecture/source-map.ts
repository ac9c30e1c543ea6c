import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "../../../scripts/lib/hash-folder.mjs";

/** Texts of source files by their path from the root, with `/`. */
export type SourceMap = ReadonlyMap<string, string>;

const FOLDERS = ["src", "services", "test", "examples", "scripts", "bin"];
const SOURCE = /\.(ts|mjs|go)$/;
const NOT_OURS = /^src\/gen\/|\/node_modules\//;

/** Reads every hand-written source file of the repository. */
export function readSources(root: string): SourceMap {
  const paths = FOLDERS.flatMap((folder) => listFiles(join(root, folder)).map((path) => `${folder}/${path}`));
  const wanted = paths.filter((path) => SOURCE.test(path) && !NOT_OURS.test(path));
  return new Map(wanted.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}
