import { agentMarks } from "./judges/agent-marks.ts";
import { askJudge } from "./judges/ask-judge.ts";
import type { AnswerForm, JudgeSampling } from "./judges/judge.ts";
import { compileJudgeMessages, withInstruction } from "./judges/judge-messages.ts";
import { finiteNumber, parseAnswer } from "./judges/parse-answer.ts";
import { requireModel } from "./judges/require-judge.ts";
import type { GraderContext } from "./grader-context.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Score, Scorer } from "./scorer.ts";

/** Spec of a `score_model` grader. */
export type ScoreModelSpec = Extract<SubGraderSpec, { type: "score_model" }>;

/** Thinks first and decides then: the form that OpenAI asks its judges for, with the result last. */
const FORM: AnswerForm = {
  name: "score",
  schema: {
    type: "object",
    properties: {
      steps: {
        type: "array",
        items: {
          type: "object",
          properties: { description: { type: "string" }, conclusion: { type: "string" } },
          required: ["description", "conclusion"],
          additionalProperties: false,
        },
      },
      result: { type: "number" },
    },
    required: ["steps", "result"],
    additionalProperties: false,
  },
};

/**
 * A judge model gives a number, clamped to `range`. An answer without one is a score of 0 with flag
 * `model_grader_parse_error`, as OpenAI has it. Throws `grader_config_error` for a model that `spec.judges` has not;
 * when it scores, what {@link askJudge} throws.
 */
export function compileScoreModel(spec: ScoreModelSpec, { judges }: GraderContext): Scorer {
  const judge = requireModel(judges.judge(spec.model, samplingOf(spec)), spec);
  const render = compileJudgeMessages(spec.input);
  const [least = 0, most = 1] = spec.range ?? [];
  const instruction = instructionFor(least, most);
  const call = { name: spec.name, type: spec.type, model: spec.model };
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded, deps) => {
      const marks = agentMarks(deps.nonce());
      const messages = withInstruction(render(graded, marks), `${instruction} ${marks.sentence}`);
      const answer = await askJudge(judge, { call, messages, form: FORM }, deps);
      const number = numberOf(answer);
      return number === null ? UNREADABLE : plainScore(Math.min(most, Math.max(least, number)));
    },
  };
}

function samplingOf({ sampling_params: given }: ScoreModelSpec): JudgeSampling {
  const { max_completions_tokens: maxTokens, reasoning_effort: reasoningEffort } = given ?? {};
  const { temperature, top_p: topP, seed } = given ?? {};
  return {
    ...(maxTokens == null ? {} : { maxTokens }),
    ...(reasoningEffort == null ? {} : { reasoningEffort }),
    ...(temperature == null ? {} : { temperature }),
    ...(topP == null ? {} : { topP }),
    ...(seed == null ? {} : { seed }),
  };
}

function instructionFor(least: number, most: number): string {
  return [
    'Answer with one JSON object {"steps": [{"description": string, "conclusion": string}], "result": number} and nothing else.',
    `"steps" is how you came to it; "result" is your score, a number from ${least} to ${most}.`,
  ].join(" ");
}

/** From the form, or from an answer that is a number and nothing else. */
function numberOf(text: string): number | null {
  const answer = parseAnswer(text);
  return answer === null ? finiteNumber(text) : finiteNumber(answer["result"]);
}

const UNREADABLE: Score = {
  reward: 0,
  flags: ["model_grader_parse_error"],
  errors: { model_grader_parse_error: true },
};
