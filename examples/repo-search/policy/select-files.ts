import type { Habits } from "./habits.ts";
import { wants } from "./request-words.ts";
import { isComment } from "./search-hits.ts";
import type { SearchResult } from "./search-hits.ts";

/** A file that may have to change, with the numbers of the telling lines in it. */
export interface Candidate {
  readonly path: string;
  readonly lines: readonly number[];
}

const DOCUMENTS = /\b(docs?|documents?|documentation|markdown|guides?|reference|link)\b/i;
const TESTS = /\btests?\b/i;

/** Files with hits of `results` that are within what the request asks for, those with most hits first. */
export function candidates(
  request: string,
  results: readonly SearchResult[],
  habits: Habits,
): readonly Candidate[] {
  const lines = new Map<string, Set<number>>();
  for (const hit of results.flatMap(({ hits }) => hits)) {
    const { path, line } = hit;
    if (isComment(hit) || !inScope(path, request, habits)) continue;
    lines.set(path, (lines.get(path) ?? new Set()).add(line));
  }
  return [...lines]
    .map(([path, found]) => ({ path, lines: [...found] }))
    .toSorted((left, right) => right.lines.length - left.lines.length || (left.path < right.path ? -1 : 1));
}

function inScope(path: string, request: string, habits: Habits): boolean {
  if (path.startsWith("examples/")) return false;
  const wantsDocuments = wants(request, DOCUMENTS);
  if (path.endsWith(".md")) return habits.attentive ? wantsDocuments === true : wantsDocuments !== null;
  if (wantsDocuments === true && /\.md\b|\blink/i.test(request)) return false;
  return !(path.startsWith("test/") && habits.attentive && wants(request, TESTS) === false);
}
