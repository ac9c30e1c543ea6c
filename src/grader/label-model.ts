import { agentMarks } from "./judges/agent-marks.ts";
import { askJudge } from "./judges/ask-judge.ts";
import type { AnswerForm } from "./judges/judge.ts";
import { judgeBadAnswer } from "./judges/judge-failure.ts";
import { compileJudgeMessages, withInstruction } from "./judges/judge-messages.ts";
import { parseAnswer } from "./judges/parse-answer.ts";
import { requireModel } from "./judges/require-judge.ts";
import type { GraderContext } from "./grader-context.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Scorer } from "./scorer.ts";

/** Spec of a `label_model` grader. */
export type LabelModelSpec = Extract<SubGraderSpec, { type: "label_model" }>;

/**
 * A judge model chooses one of the labels: 1 if it is a passing one, else 0. An answer that is none of them throws
 * `grader_bad_answer`: it says nothing about the sample. Otherwise throws as `score_model` does.
 */
export function compileLabelModel(spec: LabelModelSpec, { judges }: GraderContext): Scorer {
  const judge = requireModel(judges.judge(spec.model, {}), spec);
  const render = compileJudgeMessages(spec.input);
  const form = formFor(spec.labels);
  const instruction = instructionFor(spec.labels);
  const call = { name: spec.name, type: spec.type, model: spec.model };
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded, deps) => {
      const marks = agentMarks(deps.nonce());
      const messages = withInstruction(render(graded, marks), `${instruction} ${marks.sentence}`);
      const text = await askJudge(judge, { call, messages, form }, deps);
      const label = labelOf(text, spec.labels);
      if (label === null) throw judgeBadAnswer(call, "chose none of the labels");
      return plainScore(spec.passing_labels.includes(label) ? 1 : 0);
    },
  };
}

function formFor(labels: readonly string[]): AnswerForm {
  return {
    name: "label",
    schema: {
      type: "object",
      properties: {
        reasoning: { type: "string" },
        label: { type: "string", enum: [...labels] },
      },
      required: ["reasoning", "label"],
      additionalProperties: false,
    },
  };
}

function instructionFor(labels: readonly string[]): string {
  return [
    'Answer with one JSON object {"reasoning": string, "label": string} and nothing else.',
    `"label" is exactly one of ${JSON.stringify(labels)}.`,
  ].join(" ");
}

/** From the form, or from an answer that is a label and nothing else. */
function labelOf(text: string, labels: readonly string[]): string | null {
  const said = parseAnswer(text)?.["label"] ?? text.trim();
  return typeof said === "string" && labels.includes(said) ? said : null;
}
