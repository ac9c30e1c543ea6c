import type { Embedder } from "./judges/judge.ts";
import { isNotToBeHad, judgeBadAnswer, judgeFailure } from "./judges/judge-failure.ts";
import type { GradeDeps } from "./port.ts";
import { plainScore } from "./scorer.ts";
import type { Score } from "./scorer.ts";

/** The model that OpenAI embeds with for metric `cosine`, and so the key of `spec.judges` that it needs here. */
export const EMBEDDING_MODEL = "text-embedding-3-large";

/**
 * The cosine of the angle between the embeddings of two texts: -1 to 1. Throws as the judges do; `grader_bad_answer` for
 * vectors that have no angle.
 */
export async function cosineScore(
  embedder: Embedder,
  { name, texts }: { readonly name: string; readonly texts: readonly [string, string] },
  deps: GradeDeps,
): Promise<Score> {
  const call = { name, type: "text_similarity", model: embedder.model };
  const sentAtMs = deps.clock.monotonicMs();
  const outcome = await embedder.embed(texts, { timeoutMs: deps.timeLimitMs, signal: deps.signal });
  if (outcome.kind !== "embedded") {
    if (!isNotToBeHad(outcome)) deps.spend(deps.clock.monotonicMs() - sentAtMs);
    throw judgeFailure(outcome, call);
  }
  deps.spend(deps.clock.monotonicMs() - sentAtMs);
  const { promptTokens } = outcome;
  deps.countTokens(embedder.model, {
    promptTokens,
    completionTokens: 0,
    cachedTokens: 0,
    reasoningTokens: 0,
  });
  const [left = [], right = []] = outcome.vectors;
  const reward = cosine(left, right);
  if (reward === null) throw judgeBadAnswer(call, "answered vectors that can't be compared");
  return plainScore(reward);
}

/** Null for vectors of different lengths, and where one has no direction. */
function cosine(left: readonly number[], right: readonly number[]): number | null {
  if (left.length !== right.length) return null;
  const product = dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
  return Number.isFinite(product) ? Math.min(1, Math.max(-1, product)) : null;
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}
