import { RollyardError } from "../errors/rollyard-error.ts";
import { compileEndpoint } from "./endpoint.ts";
import { mergeErrorFlags } from "./error-flags.ts";
import { finiteReward } from "./finite-reward.ts";
import { compileMulti } from "./multi.ts";
import type { GradeResult, Grader } from "./port.ts";
import { compilePython } from "./python.ts";
import { retryingScorer } from "./retrying-scorer.ts";
import type { GraderSpec, SubGraderSpec } from "./schema.ts";
import type { Score, Scorer } from "./scorer.ts";
import { compileSetMatch } from "./set-match.ts";
import { compileStringCheck } from "./string-check.ts";

/** What of the environment a grader follows. */
export interface GraderContext {
  /** `spec.passThreshold`; a grader's own `pass_threshold` wins. */
  readonly passThreshold: number;
}

/**
 * Makes a grader from its spec; templates and formulas are read here, once.
 * Throws class config: `template_error`, `formula_parse_error`, `invalid_variable_error`, `grader_config_error`.
 */
export function compileGrader(spec: GraderSpec, context: GraderContext): Grader {
  if ((spec.integrity ?? []).length > 0) throw unsupported("integrity checks");
  const scorer = spec.type === "multi" ? compileMulti(spec, compileScorer) : compileScorer(spec);
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
    tokens: score.tokens,
  };
}

function compileScorer(spec: SubGraderSpec): Scorer {
  switch (spec.type) {
    case "string_check":
      return compileStringCheck(spec);
    case "set_match":
      return compileSetMatch(spec);
    case "python":
      return retryingScorer(compilePython(spec));
    case "endpoint":
      return retryingScorer(compileEndpoint(spec));
    default:
      throw unsupported(`type ${spec.type}`);
  }
}

function unsupported(what: string): RollyardError {
  return new RollyardError("grader_config_error", {
    message: `This version of Rollyard does not run graders of ${what}.`,
  });
}
