import { EMBEDDING_MODEL, cosineScore } from "./cosine.ts";
import type { GraderContext } from "./grader-context.ts";
import { compileGraderTemplate } from "./grader-template.ts";
import type { JudgeModels } from "./judges/judge.ts";
import { requireModel } from "./judges/require-judge.ts";
import type { GradeDeps } from "./port.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Score, Scorer } from "./scorer.ts";
import { TEXT_METRICS } from "./text/text-metrics.ts";

/** Spec of a `text_similarity` grader. */
export type TextSimilaritySpec = Extract<SubGraderSpec, { type: "text_similarity" }>;

/** No metric looks further into a text: a flood of output must not hold up the other gradings of its process. */
export const MAX_COMPARED_CHARACTERS = 100_000;

/**
 * How near two rendered texts are: 0 to 1, and for `cosine` -1 to 1. A text past {@link MAX_COMPARED_CHARACTERS} is
 * compared as far as that, with flag `truncated_observation_error`. Throws `grader_config_error` for `cosine` without
 * its model among `spec.judges`, and for it as {@link cosineScore} does.
 */
export function compileTextSimilarity(spec: TextSimilaritySpec, { judges }: GraderContext): Scorer {
  const input = compileGraderTemplate(spec.input, "input");
  const reference = compileGraderTemplate(spec.reference, "reference");
  const compare = comparisonOf(spec, judges);
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded, deps) => {
      const given = cut(input.text(graded));
      const right = cut(reference.text(graded));
      const score = await compare([given.text, right.text], deps);
      return given.isCut || right.isCut ? truncated(score) : score;
    },
  };
}

type Compare = (texts: readonly [string, string], deps: GradeDeps) => Promise<Score>;

function comparisonOf({ name, evaluation_metric: metric }: TextSimilaritySpec, judges: JudgeModels): Compare {
  if (metric !== "cosine")
    return async ([input, reference]) => plainScore(await TEXT_METRICS[metric](input, reference));
  const embedder = requireModel(judges.embedder(EMBEDDING_MODEL), { name, model: EMBEDDING_MODEL });
  return (texts, deps) => cosineScore(embedder, { name, texts }, deps);
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
