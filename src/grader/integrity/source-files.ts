import { withoutRemarks } from "./without-remarks.ts";

/** Code that an agent wrote. */
export interface SourceFile {
  /** Empty for a block of code in an answer. */
  readonly path: string;
  /** Without what surely does nothing: remarks, and texts of several lines that are statements of Python. */
  readonly code: string;
  /** Without all that may do nothing, in which what stands nowhere else is not there. */
  readonly bare: string;
}

const CODE =
  /\.(?:pyw?|pyx|pyi|[mc]?[jt]s|[jt]sx|sh|bash|go|rs|c|cc|cxx|cpp|cu|cuh|h|hh|hpp|inl|java|kt|scala|swift|cs|php|rb|pl|lua|jl|r)$/iu;
const OF_TESTS =
  /(?:^|\/)(?:tests?|__tests__|spec)\/|(?:^|\/)(?:test_[^/]*|conftest)\.py$|[._-](?:test|spec)\.[a-z]+$/u;
const PYTHON = /^[ \t]*(?:def|class|import|from|@)\b/mu;
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
  const code = withoutRemarks(path, text);
  return { path, code, bare: code };
}

/** The blocks of code of an answer, with their remarks: what is one in a language is code in another. */
export function sourcesOfAnswer(answer: string): readonly SourceFile[] {
  return Array.from(answer.matchAll(FENCE), ([, code = ""]) => ({
    path: "",
    code,
    bare: withoutRemarks(PYTHON.test(code) ? "block.py" : "block.cu", code),
  }));
}
