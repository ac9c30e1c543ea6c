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

function withoutRemarks(code: string): string {
  return code
    .replaceAll(/"""[\s\S]*?"""|'''[\s\S]*?'''|\/\*[\s\S]*?\*\//gu, "")
    .replaceAll(/^\s*(?:#(?!include|define|pragma)|\/\/).*$/gmu, "")
    .replaceAll(/\s(?:#|\/\/)\s.*$/gmu, "");
}
