import { mergeErrorFlags } from "./error-flags.ts";
import { compileMulti } from "./multi.ts";
import type { GradeDeps, GradeResult, Grader } from "./port.ts";
import type { GraderContext } from "./grader-context.ts";
import { GraderGates } from "./grader-gates.ts";
import { scoreWithIntegrity } from "./integrity/with-integrity.ts";
import type { CheckedScore } from "./integrity/with-integrity.ts";
import { noJudges } from "./judges/judge.ts";
import { compileScorer } from "./grader-kinds.ts";
import type { GraderSpec } from "./schema.ts";
import { TokenLedger, noteSpent } from "./token-usage.ts";

/**
 * Makes a grader from its spec; templates and formulas are read here, once.
 * Throws class config: `template_error`, `formula_parse_error`, `invalid_variable_error`, `grader_config_error`.
 */
export function compileGrader(
  spec: GraderSpec,
  options: Pick<GraderContext, "passThreshold"> & Partial<GraderContext>,
): Grader {
  const context = {
    judges: noJudges,
    tools: [],
    gateOf: new GraderGates().of(""),
    assets: new Map(),
    ...options,
  };
  const scorer =
    spec.type === "multi"
      ? compileMulti(spec, (key, sub) => compileScorer(key, sub, context))
      : compileScorer(spec.name ?? spec.type, spec, context);
  const scoreChecked = scoreWithIntegrity({ spec, scorer, assets: context.assets });
  const threshold = spec.pass_threshold ?? context.passThreshold;
  return {
    grade: async (input, deps) => {
      const startedMs = deps.clock.monotonicMs();
      const ledger = new TokenLedger();
      const countTokens: GradeDeps["countTokens"] = (model, usage) => ledger.count(model, usage);
      try {
        const score = await scoreChecked(input, { ...deps, countTokens });
        const executionSeconds = (deps.clock.monotonicMs() - startedMs) / 1000;
        return resultOf(score, { threshold, executionSeconds, usage: ledger.total });
      } catch (error) {
        noteSpent(error, ledger.total);
        throw error;
      }
    },
  };
}

interface ResultFacts extends Pick<GradeResult, "executionSeconds" | "usage"> {
  readonly threshold: number;
}

function resultOf(score: CheckedScore, { threshold, executionSeconds, usage }: ResultFacts): GradeResult {
  const { reward } = score;
  return {
    reward,
    passed: reward >= threshold,
    subRewards: score.subRewards,
    flags: score.flags,
    integrity: score.hits,
    evidence: score.evidence,
    errors: mergeErrorFlags([score.errors]),
    executionSeconds,
    usage,
  };
}
