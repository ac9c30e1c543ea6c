import type { EnvironmentSpec } from "../environment/environment.ts";
import { SUPPORTED_GRADER_TYPES } from "../grader/supported.ts";
import type { GraderSpec, GraderType } from "../grader/schema.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/**
 * What the schema knows but this version can't do yet. It is refused before a run, because a field without effect
 * would give rewards that its author did not ask for.
 */
export function unsupportedProblems(spec: EnvironmentSpec): SpecProblem[] {
  return [
    ...graderTypes(spec.grader).flatMap(({ path, type }) =>
      SUPPORTED_GRADER_TYPES.includes(type)
        ? []
        : [{ path, message: `grader type ${type} is not supported by this version` }],
    ),
    ...refuseIf(spec.grader.integrity !== undefined, ["grader", "integrity"], "integrity checks are"),
    ...refuseIf(spec.graderRuntime !== undefined, ["graderRuntime"], "a runtime of its own is"),
    ...refuseIf(spec.recovery.mode === "replay", ["recovery", "mode"], "replay is"),
  ];
}

function refuseIf(given: boolean, path: ValuePath, what: string): SpecProblem[] {
  return given ? [{ path, message: `${what} not supported by this version` }] : [];
}

function graderTypes(grader: GraderSpec): { readonly path: ValuePath; readonly type: GraderType }[] {
  const top = { path: ["grader", "type"], type: grader.type };
  if (grader.type !== "multi") return [top];
  const inside = Object.entries(grader.graders).map(([name, sub]) => ({
    path: ["grader", "graders", name, "type"],
    type: sub.type,
  }));
  return [top, ...inside];
}
