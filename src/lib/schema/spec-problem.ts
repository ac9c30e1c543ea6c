import type { ValuePath } from "./path-text.ts";

/** Something wrong at one place of a document; the message reads after the path and holds no user data. */
export interface SpecProblem {
  readonly path: ValuePath;
  readonly message: string;
}

/** The same problems, seen from further out. */
export function problemsUnder(path: ValuePath, problems: readonly SpecProblem[]): SpecProblem[] {
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}
