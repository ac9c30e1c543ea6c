import type { ValuePath } from "../../lib/schema/path-text.ts";
import type { GraderSpec, SubGraderSpec } from "../schema.ts";

/** A `command` grader, and where it stands, counted from the grader of the environment. */
export interface PlacedCommand {
  readonly spec: Extract<SubGraderSpec, { type: "command" }>;
  readonly path: ValuePath;
}

/** The `command` graders of an environment's grader: itself, or those inside a `multi`. */
export function commandGraders(grader: GraderSpec): readonly PlacedCommand[] {
  if (grader.type === "command") return [{ spec: grader, path: [] }];
  if (grader.type !== "multi") return [];
  return Object.entries(grader.graders).flatMap(([name, spec]) =>
    spec.type === "command" ? [{ spec, path: ["graders", name] }] : [],
  );
}
