import { posix } from "node:path";
import type { SourceMap } from "./source-map.ts";

const IMPORT_FORMS = [
  /^\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']/gm,
  /^\s*import\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']/g,
];

/** The module names that a TypeScript or JavaScript text imports or re-exports, types too. */
export function moduleNames(text: string): readonly string[] {
  return IMPORT_FORMS.flatMap((form) => [...text.matchAll(form)].map((match) => match[1] ?? ""));
}

/** One import: a path of the repository, or a package (`node:` modules by their whole name). */
export type Import =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "package"; readonly name: string };

/** What a file imports, with relative names made into paths from the root. */
export function importsOf(path: string, text: string): readonly Import[] {
  return moduleNames(text).map((name) =>
    name.startsWith(".")
      ? { kind: "file", path: posix.join(posix.dirname(path), name) }
      : { kind: "package", name: packageOf(name) },
  );
}

function packageOf(name: string): string {
  if (name.startsWith("node:")) return name;
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The files of the map that a file imports. */
export function importedFiles(sources: SourceMap, path: string): readonly string[] {
  const found = importsOf(path, sources.get(path) ?? "");
  return found.flatMap((each) => (each.kind === "file" && sources.has(each.path) ? [each.path] : []));
}
