/** Code that an agent wrote. */
export interface SourceFile {
  /** Empty for a block of code in an answer. */
  readonly path: string;
  /** Without comments and without texts of several lines, which do nothing. */
  readonly code: string;
}

const CODE =
  /\.(?:pyw?|pyx|pyi|[mc]?[jt]s|[jt]sx|sh|bash|go|rs|c|cc|cxx|cpp|cu|cuh|h|hh|hpp|inl|java|kt|scala|swift|cs|php|rb|pl|lua|jl|r)$/iu;
const OF_TESTS =
  /(?:^|\/)(?:tests?|__tests__|spec)\/|(?:^|\/)(?:test_[^/]*|conftest)\.py$|[._-](?:test|spec)\.[a-z]+$/u;
const FENCE = /^```[\w+-]*\n([\s\S]*?)^```/gmu;

/** Whether a file is of code, by its name. */
export function isCode(path: string): boolean {
  return CODE.test(path);
}

/** Whether a file of code is of tests, by its name. */
export function isOfTests(path: string): boolean {
  return OF_TESTS.test(path);
}

/** A file's text without what does nothing. */
export function sourceOfText(path: string, text: string): SourceFile {
  return { path, code: withoutRemarks(text) };
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
