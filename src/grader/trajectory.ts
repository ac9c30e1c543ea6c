import { RollyardError } from "../errors/rollyard-error.ts";
import type { GraderContext } from "./grader-context.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Scorer } from "./scorer.ts";
import type { TrajectoryFacts } from "./trajectory-facts.ts";
import { compileTrajectoryFormula, toolVariable } from "./trajectory-formula.ts";

/** Spec of a `trajectory` grader. */
export type TrajectorySpec = Extract<SubGraderSpec, { type: "trajectory" }>;

/**
 * A formula over what happened: budgets, bonuses and penalties without code. Throws `formula_parse_error` or
 * `invalid_variable_error` when compiled; when it scores, `grader_failed` if it asks for tokens that were not reported.
 */
export function compileTrajectory(spec: TrajectorySpec, { tools }: GraderContext): Scorer {
  const { formula, needsTokens } = compileTrajectoryFormula(spec.formula, tools);
  return {
    name: spec.name,
    type: spec.type,
    score: async ({ trajectory }) => {
      if (needsTokens && trajectory.tokens === null) throw noTokens(spec.name);
      return plainScore(formula(variablesOf(trajectory, spec, tools)));
    },
  };
}

function variablesOf(
  facts: TrajectoryFacts,
  { validation }: TrajectorySpec,
  tools: readonly string[],
): ReadonlyMap<string, number> {
  const isValidation = (tool: string): boolean => validation === undefined || validation.includes(tool);
  const counts = new Map(tools.map((tool) => [toolVariable(tool), 0]));
  for (const { name } of facts.calls) {
    const variable = toolVariable(name);
    const count = counts.get(variable);
    if (count !== undefined) counts.set(variable, count + 1);
  }
  return new Map([
    ...counts,
    ["turns", facts.turns],
    ["tool_calls", facts.calls.length],
    ["max_parallel", facts.maxParallel],
    ["repeated_calls", facts.repeatedCalls],
    ["validated_before_answer", facts.checkedBeforeAnswer.some(isValidation) ? 1 : 0],
    ["prompt_tokens", facts.tokens?.prompt ?? 0],
    ["completion_tokens", facts.tokens?.completion ?? 0],
    ["answer_chars", facts.answerCharacters],
    ["seconds.agent", facts.agentSeconds],
  ]);
}

function noTokens(name: string): RollyardError {
  return new RollyardError("grader_failed", {
    message: `Grader "${name}" asks for tokens, which the model's endpoint did not report for every turn.`,
    details: { grader: "trajectory" },
  });
}
