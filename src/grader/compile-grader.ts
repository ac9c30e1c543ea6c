import { RollyardError } from "../errors/rollyard-error.ts";
import { mergeErrorFlags } from "./error-flags.ts";
import { finiteReward } from "./finite-reward.ts";
import { compileMulti } from "./multi.ts";
import type { GradeResult, Grader } from "./port.ts";
import type { GraderContext } from "./grader-context.ts";
import { noJudges } from "./judges/judge.ts";
import { compileScorer } from "./grader-kinds.ts";
import type { GraderSpec } from "./schema.ts";
import type { Score, Scorer } from "./scorer.ts";

/**
 * Makes a grader from its spec; templates and formulas are read here, once.
 * Throws class config: `template_error`, `formula_parse_error`, `invalid_variable_error`, `grader_config_error`.
 */
export function compileGrader(
  spec: GraderSpec,
  options: Pick<GraderContext, "passThreshold"> & Partial<GraderContext>,
): Grader {
  const context = { judges: noJudges, tools: [], limits: {}, assets: new Map(), ...options };
  if ((spec.integrity ?? []).length > 0) throw unsupported("integrity checks");
  const scorer =
    spec.type === "multi"
      ? compileMulti(spec, (sub) => compileScorer(sub, context))
      : compileScorer(spec, context);
  const threshold = spec.pass_threshold ?? context.passThreshold;
  return {
    grade: async (input, deps) => {
      const startedMs = deps.clock.monotonicMs();
      const score = await scorer.score(input, deps);
      const executionSeconds = (deps.clock.monotonicMs() - startedMs) / 1000;
      return resultOf(scorer, score, { threshold, executionSeconds });
    },
  };
}

function resultOf(
  scorer: Scorer,
  score: Score,
  { threshold, executionSeconds }: { readonly threshold: number; readonly executionSeconds: number },
): GradeResult {
  const reward = finiteReward(score.reward, scorer);
  return {
    reward,
    passed: reward >= threshold,
    subRewards: score.subRewards ?? { [scorer.name]: reward },
    flags: score.flags,
    errors: mergeErrorFlags([score.errors]),
    executionSeconds,
    usage: score.usage,
  };
}

function unsupported(what: string): RollyardError {
  return new RollyardError("grader_config_error", {
    message: `This version of Rollyard does not run graders of ${what}.`,
  });
}
