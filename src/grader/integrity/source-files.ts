/** Code that an agent wrote. */
export interface SourceFile {
  /** Empty for a block of code in an answer. */
  readonly path: string;
  /** Without comments and without texts of several lines, which do nothing. */
  readonly code: string;
}

const LARGEST_BYTES = 1024 * 1024;
const CODE = /\.(?:py|pyx|js|mjs|cjs|ts|sh|go|rs|c|cc|cpp|cu|cuh|h|hpp|java|rb)$/u;
const OF_TESTS =
  /(?:^|\/)(?:tests?|__tests__|spec)\/|(?:^|\/)(?:test_[^/]*|conftest)\.py$|[._-](?:test|spec)\.[a-z]+$/u;
const FENCE = /^```[\w+-]*\n([\s\S]*?)^```/gmu;

/** The source of a file; null for one that is none, is of tests, or is no text. */
export function sourceOfFile(path: string, content: Uint8Array): SourceFile | null {
  if (!CODE.test(path) || OF_TESTS.test(path) || content.length > LARGEST_BYTES) return null;
  return { path, code: withoutRemarks(new TextDecoder().decode(content)) };
}

/** The blocks of code of an answer. */
export function sourcesOfAnswer(answer: string): readonly SourceFile[] {
  return Array.from(answer.matchAll(FENCE), ([, code = ""]) => ({ path: "", code: withoutRemarks(code) }));
}

const BLOCKS = new Map([
  ['"""', '"""'],
  ["'''", "'''"],
  ["/*", "*/"],
]);

/** One pass, whatever an agent wrote: of a kind that is not closed from some place on, no later one is looked for. */
function withoutBlocks(code: string): string {
  const unclosed = new Set<string>();
  const kept: string[] = [];
  let at = 0;
  for (const { 0: opening, index } of code.matchAll(/"""|'''|\/\*/gu)) {
    if (index < at || unclosed.has(opening)) continue;
    const closing = BLOCKS.get(opening) ?? opening;
    const end = code.indexOf(closing, index + opening.length);
    if (end === -1) unclosed.add(opening);
    else {
      kept.push(code.slice(at, index));
      at = end + closing.length;
    }
  }
  return kept.join("") + code.slice(at);
}

function withoutRemarks(code: string): string {
  return withoutBlocks(code)
    .replaceAll(/^[^\S\n]*(?:#(?!include|define|pragma)|\/\/).*$/gmu, "")
    .replaceAll(/\s(?:#|\/\/)\s.*$/gmu, "");
}
