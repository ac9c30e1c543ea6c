import { isJsonObject } from "../../lib/json.ts";
import { answerText, outputOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import type { ToolRequest } from "../contract-requests.ts";
import { fail, pass, warn } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench } from "./conformance-bench.ts";

/** What an answer of 200 has to look like. */
export const TOOL_ANSWER_CHECKS: readonly ConformanceCheck[] = [
  {
    name: "tools.answer",
    rule: "A call that the tool takes is answered with 200 and a JSON object whose `output` is a text.",
    basis: "documented",
    run: async (bench) => (await plainCall(bench)).finding,
  },
  {
    name: "tools.call-id",
    rule: "The answer repeats the `call_id` of its call.",
    basis: "documented",
    run: (bench) => withField(bench, "call_id", (value, { call_id }) => (value === call_id ? null : fail)),
  },
  {
    name: "tools.id",
    rule: "The answer has an `id`, which is a text.",
    basis: "documented",
    run: (bench) => withField(bench, "id", (value) => (typeof value === "string" ? null : warn)),
  },
  {
    name: "tools.type",
    rule: "The answer's `type` is `function_call_output`.",
    basis: "documented",
    run: (bench) => withField(bench, "type", (value) => (value === "function_call_output" ? null : warn)),
  },
  {
    name: "tools.arguments-object",
    rule: "`arguments` may be an object instead of its JSON text.",
    basis: "documented",
    run: argumentsAsObject,
  },
];

/** Verdict on the answer to a call that has to succeed. */
export function toolAnswerFinding(answer: ContractAnswer): Finding {
  if (statusOf(answer) !== 200) return fail(`A plain call: ${answerText(answer)}.`);
  if (outputOf(answer) === null) return fail(`${answerText(answer)}; \`output\` is missing, or no text.`);
  return pass(`${answerText(answer)}.`);
}

async function plainCall(
  bench: ConformanceBench,
  fields: Partial<ToolRequest> = {},
): Promise<{ readonly request: ToolRequest; readonly answer: ContractAnswer; readonly finding: Finding }> {
  const request = bench.toolRequest(bench.newTrace(), fields);
  const answer = await bench.callTool(request);
  return { request, answer, finding: toolAnswerFinding(answer) };
}

/** Judges one field of a plain answer; `judge` says null for a good one. */
async function withField(
  bench: ConformanceBench,
  field: string,
  judge: (value: unknown, request: ToolRequest) => ((evidence: string) => Finding) | null,
): Promise<Finding> {
  const { request, answer } = await plainCall(bench);
  if (answer.kind === "silent" || answer.body === null) return fail(`A plain call: ${answerText(answer)}.`);
  const value = answer.body[field];
  const verdict = judge(value, request);
  if (verdict === null) return pass(`\`${field}\` is right.`);
  const state = value === undefined ? "is missing" : `is ${kindOf(value)} that does not fit`;
  return verdict(`${answerText(answer)}; \`${field}\` ${state}.`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null, a value";
  return Array.isArray(value) || isJsonObject(value) ? "a nested value" : `a ${typeof value}`;
}

async function argumentsAsObject(bench: ConformanceBench): Promise<Finding> {
  const given: unknown = JSON.parse(bench.target.argumentsJson);
  if (!isJsonObject(given)) return warn("The given arguments are no object.");
  const { answer, finding } = await plainCall(bench, { arguments: given });
  return finding.verdict === "pass"
    ? finding
    : warn(`With \`arguments\` as an object: ${answerText(answer)}.`);
}
