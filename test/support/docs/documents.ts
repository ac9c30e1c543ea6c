import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDERS = "bin|docs|examples|proto|scripts|services|src|test|tools";

/** A document that people write: its path from the root, and its text. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** One document by its path from the root. */
export function readDocument(path: string): Document {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

/** The documents of the root and of docs/, without the generated ones. */
export function readDocuments(): readonly Document[] {
  const paths = globSync(["*.md", "docs/*.md", "docs/adr/*.md"], { cwd: root });
  return paths.toSorted().map(readDocument);
}

/** Files and folders that a text names in backquotes and that are not there; names may be globs such as `{a,b}.ts`. */
export function missingPaths({ path, text }: Document): readonly string[] {
  const named = matches(text, new RegExp(`\`((?:${FOLDERS})/[^\`\\s<>…]*)\``, "gu"));
  return named.filter((name) => globSync(name, { cwd: root }).length === 0).map((name) => `${path}: ${name}`);
}

/** Links to files or headings of the repository that lead nowhere. */
export function brokenLinks({ path, text }: Document): readonly string[] {
  const targets = matches(text, /\]\(([^()\s]+)\)/gu).filter((target) => !/^[a-z]+:/u.test(target));
  return targets.filter((target) => !leadsSomewhere(path, target)).map((target) => `${path}: ${target}`);
}

function leadsSomewhere(from: string, target: string): boolean {
  const [file = "", heading] = target.split("#");
  const to = file === "" ? from : posix.join(posix.dirname(from), file);
  if (!existsSync(join(root, to))) return false;
  return heading === undefined || headingIds(readDocument(to).text).includes(heading);
}

/** The ids that a page's headings get on GitHub. */
function headingIds(text: string): readonly string[] {
  return matches(text, /^#+ (.+)$/gmu).map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Quoted titles behind a test file's name that the file does not have: `` `a.test.ts` "title", "another" ``. */
export function missingTests({ path, text }: Document): readonly string[] {
  const unwrapped = text.replaceAll(/\s+/gu, " ");
  return [...unwrapped.matchAll(/`([^`\s]+\.(?:ts|go))` ("[^"]+"(?:, "[^"]+")*)/gu)].flatMap(
    ([, file = "", titles = ""]) => {
      const source = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
      const missing = matches(titles, /"([^"]+)"/gu).filter((title) => !source.includes(title));
      return missing.map((title) => `${path}: ${basename(dirname(file))}/${basename(file)} "${title}"`);
    },
  );
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}
