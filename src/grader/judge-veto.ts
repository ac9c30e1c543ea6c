import { agentMarks } from "./judges/agent-marks.ts";
import { askJudge } from "./judges/ask-judge.ts";
import type { AnswerForm } from "./judges/judge.ts";
import { judgeBadAnswer } from "./judges/judge-failure.ts";
import { compileJudgeMessages, withInstruction } from "./judges/judge-messages.ts";
import type { RenderMessages } from "./judges/judge-messages.ts";
import { parseAnswer } from "./judges/parse-answer.ts";
import { requireModel } from "./judges/require-judge.ts";
import type { GraderContext } from "./grader-context.ts";
import type { GradeDeps, GradeInput } from "./port.ts";
import type { SubGraderSpec } from "./schema.ts";
import type { Score, Scorer } from "./scorer.ts";

/** Spec of a `judge_veto` grader. */
export type JudgeVetoSpec = Extract<SubGraderSpec, { type: "judge_veto" }>;

/** What the judge may say that is none of the author's categories. It is flagged and lowers nothing. */
const UNKNOWN = "unknown_category";

/**
 * 1, or `cap` when something of a closed list of categories is found: first by the author's phrases, which need no
 * judge, then by a judge. It can only lower, whatever the judge is talked into. Throws as `score_model` does, and
 * `grader_bad_answer` for an answer that keeps to no list.
 */
export function compileJudgeVeto(spec: JudgeVetoSpec, { judges }: GraderContext): Scorer {
  const judge = requireModel(judges.judge(spec.model, {}), spec);
  const render = spec.input === undefined ? null : compileJudgeMessages(spec.input);
  const form = formFor(spec.categories);
  const call = { name: spec.name, type: spec.type, model: spec.model };
  return {
    name: spec.name,
    type: spec.type,
    score: async (graded, deps) => {
      const told = foundByPhrases(spec, graded.sample.output_text);
      if (told.length > 0) return scoreOf(spec, told);
      const messages = messagesFor(spec, { graded, render }, deps);
      const text = await askJudge(judge, { call, messages, form }, deps);
      const found = categoriesOf(text, spec.categories);
      if (found === null) throw judgeBadAnswer(call, "answered no list of the categories");
      return scoreOf(spec, found);
    },
  };
}

function foundByPhrases({ phrases = {} }: JudgeVetoSpec, answer: string): readonly string[] {
  const text = answer.toLowerCase();
  return Object.entries(phrases)
    .filter(([, wanted]) => wanted.some((phrase) => text.includes(phrase.toLowerCase())))
    .map(([category]) => category);
}

function scoreOf({ cap }: JudgeVetoSpec, found: readonly string[]): Score {
  const isVetoed = found.some((category) => category !== UNKNOWN);
  const flags = found.map((category) => `judge_veto:${category}`);
  return { reward: isVetoed ? Math.min(1, cap) : 1, flags, errors: {} };
}

function messagesFor(
  { categories }: JudgeVetoSpec,
  { graded, render }: { readonly graded: GradeInput; readonly render: RenderMessages | null },
  deps: GradeDeps,
) {
  const marks = agentMarks(deps.nonce());
  const messages = render?.(graded, marks) ?? [
    { role: "user" as const, content: marks.mark(graded.sample.output_text) },
  ];
  return withInstruction(messages, `${instructionFor(categories)} ${marks.sentence}`);
}

function instructionFor(categories: readonly string[]): string {
  return [
    "You look for faults in an agent's work. You give no score.",
    'Answer with one JSON object {"reasoning": string, "found": [string]} and nothing else.',
    `"found" holds those of ${JSON.stringify(categories)} that you find, "${UNKNOWN}" for a grave fault of another kind, or nothing.`,
  ].join(" ");
}

function formFor(categories: readonly string[]): AnswerForm {
  return {
    name: "veto",
    schema: {
      type: "object",
      properties: {
        reasoning: { type: "string" },
        found: { type: "array", items: { type: "string", enum: [...categories, UNKNOWN] } },
      },
      required: ["reasoning", "found"],
      additionalProperties: false,
    },
  };
}

/** What was found, each once; null when the answer is no list, or names what is on no list. */
function categoriesOf(text: string, categories: readonly string[]): readonly string[] | null {
  const found = parseAnswer(text)?.["found"];
  if (!Array.isArray(found)) return null;
  const known = found.filter(
    (each): each is string => typeof each === "string" && (each === UNKNOWN || categories.includes(each)),
  );
  return known.length === found.length ? [...new Set(known)] : null;
}
