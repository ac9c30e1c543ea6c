import type { GraderFile } from "../command/grader-file.ts";
import { isCode, isOfTests, sourceOfText, sourcesOfAnswer } from "./source-files.ts";
import type { SourceFile } from "./source-files.ts";

/** Most code that is looked through, in bytes: a check takes about 0.1 s for each MiB. */
export const MOST_CODE_BYTES = 8 * 1024 * 1024;

/** All code that an agent wrote, as far as it is known. */
export interface WrittenCode {
  /** What its work is made of, those of its tests that its other code imports too. */
  readonly sources: readonly SourceFile[];
  /** Its tests. */
  readonly tests: readonly SourceFile[];
  /** There is more of it than anybody looks through. */
  readonly isTooMuch: boolean;
}

/** The code of the files that a grader took, and of an answer. Pure; takes time that grows with their length. */
export function writtenCode(files: readonly GraderFile[], answer: string): WrittenCode {
  const all = files.filter(({ path }) => isCode(path));
  const bytes = all.reduce((sum, { content }) => sum + content.length, answer.length);
  const blocks = sourcesOfAnswer(answer.slice(0, MOST_CODE_BYTES));
  if (bytes > MOST_CODE_BYTES) return { sources: blocks, tests: [], isTooMuch: true };
  const read = all.map(({ path, content }) => sourceOfText(path, new TextDecoder().decode(content)));
  const work = read.filter(({ path }) => !isOfTests(path));
  const tests = read.filter(({ path }) => isOfTests(path));
  const imported = importedWords(work);
  return {
    sources: [...work, ...tests.filter(({ path }) => isImported(path, imported)), ...blocks],
    tests,
    isTooMuch: false,
  };
}

const IMPORT =
  /\b(?:__import__|import|importlib|from|require|source|include|exec|execfile|runpy|open|sys\.path)\b[^\n]*/gu;

/** Every word of the lines by which code brings in other files. */
function importedWords(work: readonly SourceFile[]): ReadonlySet<string> {
  return new Set(
    work.flatMap(({ code }) => code.match(IMPORT) ?? []).flatMap((line) => line.match(/\w+/gu) ?? []),
  );
}

/** Code that work imports is work, whatever its name: its own name and the one that makes it a test are both spoken of. */
function isImported(path: string, imported: ReadonlySet<string>): boolean {
  const names = path.split("/").map((name) => name.replace(/\..*$/u, ""));
  const folders = names.slice(0, -1);
  const own = names.at(-1) ?? "";
  const isPackage = own === "__init__" || own === "index" || own === "mod";
  return (
    (isPackage || imported.has(own)) && (folders.length === 0 || folders.some((name) => imported.has(name)))
  );
}
