import type { z } from "zod";
import { didYouMean } from "../lib/nearest-name.ts";
import { issueText } from "../lib/schema/issue-text.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { knownFieldsAt } from "./known-fields.ts";

/** A value that has the schema's shape, or everything that is wrong with it. */
export type SchemaResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly SpecProblem[] };

/** Checks a plain value against a schema; defaults are filled in, and unknown fields are named one by one. */
export function checkSchema<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): SchemaResult<z.output<Schema>> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => problemsOfIssue(schema, value, issue));
  return { ok: false, problems };
}

function problemsOfIssue(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue): SpecProblem[] {
  const path = issue.path as ValuePath;
  if (issue.code === "invalid_key") {
    const [inner] = issue.issues;
    return [{ path, message: inner === undefined ? "is not a valid key" : issueText(inner) }];
  }
  if (issue.code !== "unrecognized_keys") return [{ path, message: issueText(issue) }];
  const known = knownFieldsAt(schema, value, path);
  return issue.keys.map((key) => ({
    path: [...path, key],
    message: `unknown field${didYouMean(key, known)}`,
  }));
}
