import { answerText, scoreOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { sampleOf } from "../contract-requests.ts";
import { fail, pass } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench } from "./conformance-bench.ts";

const AT_ONCE = 3;

/** What a grade call is answered with. */
export const GRADER_CHECKS: readonly ConformanceCheck[] = [
  {
    name: "grader.score",
    rule: "A grade call is answered with 200 and a JSON object whose `score` is a finite number.",
    basis: "documented",
    run: async (bench) => {
      const traceId = await openTrace(bench);
      return scoreFinding(await bench.grade(bench.gradeRequest(traceId)));
    },
  },
  {
    name: "grader.no-calls",
    rule: "A rollout that called no tool is seen only by the grader, and gets its score.",
    basis: "derived",
    run: async (bench) => scoreFinding(await bench.grade(bench.gradeRequest(bench.newTrace()))),
  },
  {
    name: "grader.empty-answer",
    rule: "A rollout whose model said nothing gets its score.",
    basis: "derived",
    run: async (bench) => {
      const sample = { ...sampleOf(""), choices: [], output_tools: null };
      return scoreFinding(await bench.grade(bench.gradeRequest(await openTrace(bench), { sample })));
    },
  },
  {
    name: "grader.repeat",
    rule: "A second grade call of a trace gets the first score.",
    basis: "derived",
    run: async (bench) => {
      const request = bench.gradeRequest(await openTrace(bench));
      return sameScores([await bench.grade(request), await bench.grade(request)]);
    },
  },
  {
    name: "grader.repeat-at-once",
    rule: "Grade calls of one trace at the same time get the same score.",
    basis: "derived",
    run: async (bench) => {
      const request = bench.gradeRequest(await openTrace(bench));
      return sameScores(await Promise.all(Array.from({ length: AT_ONCE }, () => bench.grade(request))));
    },
  },
];

/** Verdict on the answer to a grade call that has to succeed. */
export function scoreFinding(answer: ContractAnswer): Finding {
  const score = scoreOf(answer);
  if (score !== null) return pass("answered 200 with a finite `score`.");
  if (statusOf(answer) !== 200 || answer.kind === "silent" || answer.body === null) {
    return fail(`${answerText(answer)}; the platform throws the rollout away.`);
  }
  const { score: given } = answer.body;
  const state = given === undefined ? "is missing" : `is no finite number but ${nameOf(given)}`;
  return fail(`${answerText(answer)}; \`score\` ${state}.`);
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "number" ? "too large for one" : `of type ${typeof value}`;
}

async function openTrace(bench: ConformanceBench): Promise<string> {
  const traceId = bench.newTrace();
  await bench.callTool(bench.toolRequest(traceId));
  return traceId;
}

function sameScores(answers: readonly ContractAnswer[]): Finding {
  const findings = answers.map(scoreFinding);
  const failed = findings.find(({ verdict }) => verdict !== "pass");
  if (failed !== undefined) return failed;
  const scores = new Set(answers.map(scoreOf));
  return scores.size === 1
    ? pass(`${answers.length} grade calls got the same score.`)
    : fail(`${answers.length} grade calls of one trace got ${scores.size} different scores.`);
}
