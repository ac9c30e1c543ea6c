import { isMap, isNode, isScalar, LineCounter, parseAllDocuments } from "yaml";
import type { Document } from "yaml";
import { objectOrEmpty, textOrUndefined } from "../lib/half-valid.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { DocumentSource, Problem } from "./problem.ts";

/** One document of a file as plain values, not checked yet. */
export interface RawDocument {
  readonly source: DocumentSource;
  /** What its `kind` says, if it says a text. */
  readonly kind: string | undefined;
  readonly value: unknown;
}

/** The `metadata.name` of a plain document, if it has one. */
export function documentName(value: unknown): string | undefined {
  return textOrUndefined(objectOrEmpty(objectOrEmpty(value)["metadata"])["name"]);
}

/** The namespace of a plain document; without one it is in `default`, as a local run is. */
export function documentNamespace(value: unknown): string {
  return textOrUndefined(objectOrEmpty(objectOrEmpty(value)["metadata"])["namespace"]) ?? "default";
}

/** Documents that could be read, and what could not. */
export interface ParsedFile {
  readonly documents: readonly RawDocument[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a YAML or JSON text with any number of documents; empty ones are left out.
 * `file` is how the user names it, `folder` what its relative paths count from. Never throws.
 */
export function parseYaml(
  text: string,
  { file, folder }: { readonly file: string; readonly folder: string },
): ParsedFile {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const documents: RawDocument[] = [];
  const problems: Problem[] = [];
  for (const document of parsed) {
    const faults = [...document.errors, ...document.warnings];
    problems.push(
      ...faults.map(({ pos: [start], message }) => ({
        file,
        line: lines.linePos(start).line,
        path: "",
        message: `is not valid YAML: ${message}`,
      })),
    );
    if (faults.length > 0) continue;
    const read = plainValue(document);
    if ("problem" in read) problems.push({ file, path: "", message: read.problem });
    else if (read.value !== null) {
      const source = { file, folder, lineOf: (path: ValuePath) => lineOf(document, lines, path) };
      documents.push({ source, kind: textOrUndefined(objectOrEmpty(read.value)["kind"]), value: read.value });
    }
  }
  return { documents, problems };
}

function plainValue(document: Document): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: document.toJS() as unknown };
  } catch {
    // The only error that remains after parsing is the limit on what aliases may grow to.
    return { problem: "is not usable YAML: its aliases grow without bound" };
  }
}

/** The line of the deepest value on the path that exists in the text; for a map's value the line of its key. */
function lineOf(document: Document, lines: LineCounter, path: ValuePath): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return undefined;
}

function offsetOf(document: Document, path: ValuePath): number | undefined {
  const parent = path.length === 0 ? undefined : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
