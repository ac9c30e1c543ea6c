import { RollyardError } from "../errors/rollyard-error.ts";
import { compileGraderTemplate } from "./grader-template.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Score, Scorer } from "./scorer.ts";
import { TEXT_METRICS } from "./text/text-metrics.ts";
import type { TextMetric } from "./text/text-metrics.ts";

/** Spec of a `text_similarity` grader. */
export type TextSimilaritySpec = Extract<SubGraderSpec, { type: "text_similarity" }>;

/** No metric looks further into a text: a flood of output must not hold up the other gradings of its process. */
export const MAX_COMPARED_CHARACTERS = 100_000;

/**
 * How near two rendered texts are: 0 to 1. A text past {@link MAX_COMPARED_CHARACTERS} is compared as far as that,
 * with flag `truncated_observation_error`. Throws `grader_config_error` for `cosine`.
 */
export function compileTextSimilarity(spec: TextSimilaritySpec): Scorer {
  const input = compileGraderTemplate(spec.input, "input");
  const reference = compileGraderTemplate(spec.reference, "reference");
  const metric = metricOf(spec);
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded) => {
      const given = cut(input.text(graded));
      const right = cut(reference.text(graded));
      const score = plainScore(await metric(given.text, right.text));
      return given.isCut || right.isCut ? truncated(score) : score;
    },
  };
}

function metricOf({ name, evaluation_metric: metric }: TextSimilaritySpec): TextMetric {
  if (metric !== "cosine") return TEXT_METRICS[metric];
  throw new RollyardError("grader_config_error", {
    message: `Grader "${name}": metric cosine is not supported by this version.`,
  });
}

function cut(text: string): { readonly text: string; readonly isCut: boolean } {
  const isCut = text.length > MAX_COMPARED_CHARACTERS;
  return { text: isCut ? text.slice(0, MAX_COMPARED_CHARACTERS) : text, isCut };
}

function truncated(score: Score): Score {
  return {
    ...score,
    flags: [...score.flags, "truncated_observation_error"],
    errors: { ...score.errors, truncated_observation_error: true },
  };
}
