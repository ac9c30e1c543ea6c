import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { changeRequestsSchema } from "./derive/change-request.ts";
import type { ChangeRequest } from "./derive/change-request.ts";
import { readCodeBase } from "./derive/code-base.ts";
import type { CodeBase } from "./derive/code-base.ts";
import { filesToChange } from "./derive/files.ts";

/** One row of items.jsonl: `question` goes to the model, `files` only to the grader. */
export interface RepoSearchItem {
  readonly id: string;
  readonly kind: ChangeRequest["kind"];
  readonly question: string;
  /** Paths from the corpus root, sorted. */
  readonly files: readonly string[];
}

/** The folder that `sandbox.local` of environment.yaml names. */
export const CORPUS_FOLDER = new URL("../../node_modules/fastify/", import.meta.url);

/** Reads requests.yaml; throws a `ZodError` that names every bad field. */
export function readChangeRequests(): readonly ChangeRequest[] {
  return changeRequestsSchema.parse(parse(readFileSync(new URL("requests.yaml", import.meta.url), "utf8")));
}

/** Answers every request out of the sources, in the order of `requests`. */
export function deriveItems(
  requests: readonly ChangeRequest[],
  codeBase: CodeBase,
): readonly RepoSearchItem[] {
  return requests.map((request) => ({
    id: request.id,
    kind: request.kind,
    question: request.question,
    files: filesToChange(codeBase, request),
  }));
}

/** The text of items.jsonl. */
export function formatItems(items: readonly RepoSearchItem[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join("");
}

/** The text of baseline.yaml with these rows in its ConfigMap. */
export function withRows(baseline: string, rows: string): string {
  const lines = rows
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}\n`);
  return baseline.replace(/(?<=\n {2}items\.jsonl: \|\n)(?: {4}.*\n)*/u, () => lines.join(""));
}

if (import.meta.main) {
  const items = deriveItems(readChangeRequests(), readCodeBase(CORPUS_FOLDER.pathname));
  writeFileSync(new URL("items.jsonl", import.meta.url), formatItems(items));
  const baseline = new URL("baseline.yaml", import.meta.url);
  writeFileSync(baseline, withRows(readFileSync(baseline, "utf8"), formatItems(items)));
  process.stdout.write(`items.jsonl: ${items.length} items\n`);
}
