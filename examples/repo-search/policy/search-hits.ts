import type { AnsweredCall } from "./conversation.ts";

/** One line that a search printed. */
export interface SearchHit {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** The hits of one search, in path order whatever the order of the folder on disk. */
export interface SearchResult {
  readonly pattern: string;
  readonly hits: readonly SearchHit[];
}

const GREP_LINE = /^(?:\.\/)?([^:\n]+):(\d+):(.*)$/;

/** What the searches of a conversation found; calls that went wrong are left out. */
export function searchResults(calls: readonly AnsweredCall[]): readonly SearchResult[] {
  return calls.flatMap((call) => {
    const pattern = call.arguments?.["pattern"];
    if (call.name !== "search" || typeof pattern !== "string") return [];
    return [{ pattern, hits: parseHits(call.output) }];
  });
}

function parseHits(output: string): readonly SearchHit[] {
  const hits = output.split("\n").flatMap((line) => {
    const [, path, number, text] = GREP_LINE.exec(line) ?? [];
    if (path === undefined || number === undefined || text === undefined) return [];
    return [{ path, line: Number(number), text }];
  });
  return hits.toSorted((left, right) => compare(left.path, right.path) || left.line - right.line);
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Whether a line of a source file is nothing but a comment; in Markdown `*` begins a list. */
export function isComment({ path, text }: Pick<SearchHit, "path" | "text">): boolean {
  return !path.endsWith(".md") && /^\s*(\/\/|\/?\*|#!)/.test(text);
}

/** Whether a line holds nothing that a rename would touch: blank, a comment, or the title of a test. */
export function isProse(line: Pick<SearchHit, "path" | "text">): boolean {
  return (
    line.text.trim() === "" || isComment(line) || /^\s*(await )?(t\.)?(test|describe|it)\(/.test(line.text)
  );
}
