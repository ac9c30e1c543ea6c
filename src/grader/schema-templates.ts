import { assertNever } from "../lib/assert-never.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { GraderSpec, SubGraderSpec } from "./schema.ts";

/** A template of a grader and its place, counted from the grader. */
export interface GraderTemplate {
  readonly path: ValuePath;
  readonly source: string;
}

/** Every field of a grader, and of the graders inside it, that is a template over `item` and `sample`. */
export function graderTemplates(grader: GraderSpec | SubGraderSpec): readonly GraderTemplate[] {
  switch (grader.type) {
    case "string_check":
    case "text_similarity":
    case "set_match":
      return [
        { path: ["input"], source: grader.input },
        { path: ["reference"], source: grader.reference },
      ];
    case "label_model":
    case "score_model":
      return grader.input.map(({ content }, index) => ({
        path: ["input", index, "content"],
        source: content,
      }));
    case "multi":
      return Object.entries(grader.graders).flatMap(([name, sub]) =>
        graderTemplates(sub).map(({ path, source }) => ({ path: ["graders", name, ...path], source })),
      );
    case "python":
    case "endpoint":
    case "command":
    case "trajectory":
    case "judge_veto":
      return [];
    default:
      return assertNever(grader);
  }
}
