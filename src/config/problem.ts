import { pathText } from "../lib/schema/path-text.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/** One thing wrong with the input, by file. Holds places and rules, never values. */
export interface Problem {
  /** The file as the user would name it, or what stands for one, such as `--secret`. */
  readonly file: string;
  /** Line in the file, counted from 1, where it is known. */
  readonly line?: number;
  /** Place inside the document, such as `spec.tools[1].exec.argv`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** A document's place: its file, and the line of each value in it. */
export interface DocumentSource {
  /** The file as the user would name it. */
  readonly file: string;
  /** Folder that relative paths in the document count from (absolute). */
  readonly folder: string;
  /** Line of the value at a path, or of the nearest value around it. */
  lineOf(path: ValuePath): number | undefined;
}

/** The problem of a document's value, with its file and line. */
export function problemAt(source: DocumentSource, { path, message }: SpecProblem): Problem {
  const line = source.lineOf(path);
  return { file: source.file, ...(line === undefined ? {} : { line }), path: pathText(path), message };
}

/** A problem as one line: `file:line path: message`. */
export function formatProblem({ file, line, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return path === "" ? `${place}: ${message}` : `${place} ${path}: ${message}`;
}
