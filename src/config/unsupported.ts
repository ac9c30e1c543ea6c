import { GRADER_TYPES } from "../grader/schema.ts";
import { SUPPORTED_GRADER_TYPES } from "../grader/supported.ts";
import { objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/** Types that the schema knows and this version can't run; unknown ones are the schema's to refuse. */
const LATER_TYPES: readonly string[] = GRADER_TYPES.filter((type) => !SUPPORTED_GRADER_TYPES.includes(type));

/**
 * What the schema of an environment knows but this version can't do yet. It is refused before a run, because a
 * field without effect would give rewards that its author did not ask for. Paths count from `spec`.
 */
export function unsupportedProblems(spec: JsonObject): SpecProblem[] {
  const grader = objectOrEmpty(spec["grader"]);
  return [
    ...problemsUnder(["grader"], graderTypeProblems(grader)),
    ...refuseIf(grader["integrity"] !== undefined, ["grader", "integrity"], "integrity checks are"),
  ];
}

function refuseIf(given: boolean, path: ValuePath, what: string): SpecProblem[] {
  return given ? [{ path, message: `${what} not supported by this version` }] : [];
}

function graderTypeProblems(grader: JsonObject): SpecProblem[] {
  const { type } = grader;
  const inside = Object.entries(objectOrEmpty(grader["graders"])).flatMap(([name, sub]) =>
    problemsUnder(["graders", name], graderTypeProblems(objectOrEmpty(sub))),
  );
  if (!isLaterType(type)) return inside;
  return [{ path: ["type"], message: `grader type ${type} is not supported by this version` }, ...inside];
}

function isLaterType(type: unknown): type is string {
  return typeof type === "string" && LATER_TYPES.includes(type);
}
