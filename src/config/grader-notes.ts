import type { Environment } from "../environment/environment.ts";
import type { GraderSpec, SubGraderSpec } from "../grader/schema.ts";
import { pathText } from "../lib/schema/path-text.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";

/** What an author should know of a valid grader that does less than its name says, each with its field. */
export function graderNotes({ spec }: Environment): readonly string[] {
  return notesOf(spec.grader, ["spec", "grader"]);
}

function notesOf(grader: GraderSpec | SubGraderSpec, path: ValuePath): readonly string[] {
  if (grader.type === "multi") {
    return Object.entries(grader.graders).flatMap(([name, sub]) => notesOf(sub, [...path, "graders", name]));
  }
  if (grader.type !== "text_similarity" || grader.evaluation_metric !== "meteor") return [];
  const field = pathText([...path, "evaluation_metric"]);
  return [
    `${field}: meteor takes synonyms from WordNet 3.1 without its lists of irregular forms: "mice" does not match "mouse"`,
  ];
}
