import { posix } from "node:path";
import type { Corpus } from "./corpus.ts";

/**
 * Where a relative specifier leads, by Node's rules for CommonJS (the file itself, then its extensions, then the
 * folder's `package.json` or index) and TypeScript's (`./x.js` or `./x` may be `x.ts` or `x.d.ts`).
 * `undefined` when it leaves the corpus or names nothing in it. https://nodejs.org/api/modules.html#all-together
 */
export function resolveModule(corpus: Corpus, fromPath: string, specifier: string): string | undefined {
  if (!/^\.{1,2}(\/|$)/.test(specifier)) return undefined;
  const target = posix.join(posix.dirname(fromPath), specifier).replace(/\/$/, "");
  return candidates(corpus, target).find((path) => corpus.has(path));
}

function candidates(corpus: Corpus, target: string): readonly string[] {
  const folder = target === "." ? "" : `${target}/`;
  return [
    target,
    ...[".js", ".json", ".ts", ".d.ts", ".mjs", ".mts"].map((extension) => `${target}${extension}`),
    ...mainOf(corpus, folder),
    `${folder}index.js`,
  ];
}

function mainOf(corpus: Corpus, folder: string): readonly string[] {
  const manifest = corpus.get(`${folder}package.json`);
  if (manifest === undefined) return [];
  const { main } = JSON.parse(manifest.text) as { main?: unknown };
  return typeof main === "string" ? [posix.join(folder, main)] : [];
}
