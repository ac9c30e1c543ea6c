import { toRollyardError } from "../errors/rollyard-error.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import type { TemplatePath } from "./template-path.ts";
import { compileTemplate, templatePaths } from "./templates.ts";

/** What one path of a template must obey; answers a message, or undefined when it is right. */
export type PathRule = (path: TemplatePath) => string | undefined;

/** Allows only these namespaces, such as `item`. */
export function onlyNamespaces(...namespaces: readonly string[]): PathRule {
  return ({ namespace, text }) =>
    namespaces.includes(namespace)
      ? undefined
      : `"{{ ${text} }}" names an unknown variable "${namespace}"; known here: ${namespaces.join(", ")}`;
}

/**
 * Everything wrong with a template at `at`: it can't be read, or a path in it breaks a rule (the first that it breaks).
 * A value that is no text is another check's business.
 */
export function templateProblems(source: unknown, at: ValuePath, rules: readonly PathRule[]): SpecProblem[] {
  if (typeof source !== "string") return [];
  const paths = readPaths(source);
  if (typeof paths === "string") return [{ path: at, message: paths }];
  return paths.flatMap((path) => {
    const message = firstBroken(path, rules);
    return message === undefined ? [] : [{ path: at, message }];
  });
}

function firstBroken(path: TemplatePath, rules: readonly PathRule[]): string | undefined {
  for (const rule of rules) {
    const message = rule(path);
    if (message !== undefined) return message;
  }
  return undefined;
}

function readPaths(source: string): readonly TemplatePath[] | string {
  try {
    return templatePaths(compileTemplate(source));
  } catch (thrown) {
    return toRollyardError(thrown).message;
  }
}
