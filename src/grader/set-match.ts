import { assertNever } from "../lib/assert-never.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { compileGraderTemplate } from "./grader-template.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Score, Scorer } from "./scorer.ts";
import { normalizedSet, readSet } from "./set-text.ts";

/** Spec of a `set_match` grader. */
export type SetMatchSpec = Extract<SubGraderSpec, { type: "set_match" }>;

/** Flag of a sample whose set can't be read. */
const SAMPLE_PARSE_ERROR: Score = {
  reward: 0,
  flags: ["sample_parse_error"],
  errors: { sample_parse_error: true },
};

/**
 * Compares two sets: 0 to 1. A sample that can't be read scores 0 with flag `sample_parse_error`; a reference that
 * can't be read throws `grader_config_error`.
 */
export function compileSetMatch(spec: SetMatchSpec): Scorer {
  const input = compileGraderTemplate(spec.input, "input");
  const reference = compileGraderTemplate(spec.reference, "reference");
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded) => {
      const right = readSet(reference.value(graded));
      if (right === null) throw unreadableReference(spec.name);
      const given = readSet(input.value(graded));
      if (given === null) return SAMPLE_PARSE_ERROR;
      return plainScore(
        scoreSets(spec, normalizedSet(given, spec.normalize), normalizedSet(right, spec.normalize)),
      );
    },
  };
}

/** The measure of two sets. Both empty is 1; one empty is 0. `beta` weighs recall in `fbeta`. */
export function scoreSets(
  { metric, beta = 1 }: Pick<SetMatchSpec, "metric" | "beta">,
  given: ReadonlySet<string>,
  right: ReadonlySet<string>,
): number {
  if (given.size === 0 && right.size === 0) return 1;
  const hits = [...given].filter((element) => right.has(element)).length;
  if (hits === 0) return 0;
  const precision = hits / given.size;
  const recall = hits / right.size;
  switch (metric) {
    case "precision":
      return precision;
    case "recall":
      return recall;
    case "f1":
      return fScore(precision, recall, 1);
    case "fbeta":
      return fScore(precision, recall, beta);
    default:
      return assertNever(metric);
  }
}

/** F_beta of van Rijsbergen: (1 + b²)·P·R / (b²·P + R). */
function fScore(precision: number, recall: number, beta: number): number {
  const weight = beta * beta;
  return ((1 + weight) * precision * recall) / (weight * precision + recall);
}

function unreadableReference(name: string): RollyardError {
  return new RollyardError("grader_config_error", {
    message: `Grader "${name}": reference is neither a JSON array of texts nor a list of lines.`,
    details: { grader: "set_match" },
  });
}
