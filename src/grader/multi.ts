import { compileFormula } from "./formula/compile-formula.ts";
import { finiteReward } from "./finite-reward.ts";
import type { GradeDeps, GradeInput } from "./port.ts";
import type { GraderSpec, SubGraderSpec } from "./schema.ts";
import type { Score, Scorer } from "./scorer.ts";
import { mergeErrorFlags } from "./error-flags.ts";

/** Spec of a `multi` grader. */
export type MultiSpec = Extract<GraderSpec, { type: "multi" }>;

/**
 * Several graders at once and a formula over their scores. One that fails (not: scores 0) fails the whole.
 * Throws `formula_parse_error` or `invalid_variable_error` when compiled; when it scores, `grader_bad_answer` for a
 * value that is no finite number, and whatever a sub-grader throws.
 */
export function compileMulti(
  spec: MultiSpec,
  compileSub: (key: string, sub: SubGraderSpec) => Scorer,
): Scorer {
  const parts = Object.entries(spec.graders).map(([key, sub]) => ({ key, scorer: compileSub(key, sub) }));
  const formula = compileFormula(
    spec.calculate_output,
    parts.map(({ key }) => key),
  );
  const unvetoed = unvetoedReward(spec, formula);
  return {
    name: spec.name ?? spec.type,
    type: spec.type,
    score: async (input, deps) => {
      const scores = await scoreAll(parts, input, deps);
      const rewards = new Map(scores.map(({ key, score }) => [key, score.reward]));
      const reward = finiteReward(formula(rewards), spec);
      return combine(Math.min(reward, unvetoed(rewards)), scores);
    },
  };
}

/**
 * What the formula gives when no judge has a veto: that of a veto is at most this, whatever the formula does with it (a
 * negative base times a cap of 0 is more than the base). Infinite without vetoes.
 */
function unvetoedReward(
  spec: MultiSpec,
  formula: (values: ReadonlyMap<string, number>) => number,
): (rewards: ReadonlyMap<string, number>) => number {
  const vetoes = Object.entries(spec.graders).filter(([, { type }]) => type === "judge_veto");
  return (rewards) => {
    if (vetoes.length === 0) return Number.POSITIVE_INFINITY;
    const value = formula(new Map([...rewards, ...vetoes.map(([key]) => [key, 1] as const)]));
    return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
  };
}

interface KeyedScore {
  readonly key: string;
  readonly score: Score;
}

/** Waits for all of them even when one fails: nothing of this grade runs on once it has ended. */
async function scoreAll(
  parts: readonly { readonly key: string; readonly scorer: Scorer }[],
  input: GradeInput,
  deps: GradeDeps,
): Promise<readonly KeyedScore[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([deps.signal, stop.signal]);
  deps.stay.divide(parts.length);
  const running = parts.map(async ({ key, scorer }) => {
    try {
      const score = await scorer.score(input, { ...deps, signal });
      finiteReward(score.reward, scorer);
      return { key, score };
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      deps.stay.partEnded();
    }
  });
  await Promise.allSettled(running);
  if (stop.signal.aborted) throw stop.signal.reason;
  return Promise.all(running);
}

function combine(reward: number, parts: readonly KeyedScore[]): Score {
  const scores = parts.map(({ score }) => score);
  return {
    reward,
    flags: [...new Set(scores.flatMap(({ flags }) => flags))],
    errors: mergeErrorFlags(scores.map(({ errors }) => errors)),
    subRewards: Object.fromEntries(parts.map(({ key, score }) => [key, score.reward])),
    commands: scores.flatMap(({ commands }) => commands ?? []),
  };
}
