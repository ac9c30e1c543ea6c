import { assertNever } from "../lib/assert-never.ts";
import { compileGraderTemplate } from "./grader-template.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Scorer } from "./scorer.ts";

/** Spec of a `string_check` grader. */
export type StringCheckSpec = Extract<SubGraderSpec, { type: "string_check" }>;

/** Compares two rendered texts: 1 or 0. `like` asks whether input contains reference, `ilike` without case. */
export function compileStringCheck(spec: StringCheckSpec): Scorer {
  const input = compileGraderTemplate(spec.input, "input");
  const reference = compileGraderTemplate(spec.reference, "reference");
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded) =>
      plainScore(compareTexts(spec.operation, input.text(graded), reference.text(graded)) ? 1 : 0),
  };
}

/** Whether the comparison holds. */
export function compareTexts(
  operation: StringCheckSpec["operation"],
  input: string,
  reference: string,
): boolean {
  switch (operation) {
    case "eq":
      return input === reference;
    case "ne":
      return input !== reference;
    case "like":
      return input.includes(reference);
    case "ilike":
      return input.toLowerCase().includes(reference.toLowerCase());
    default:
      return assertNever(operation);
  }
}
