import { answerText, outputOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";
import { fail, pass, warn } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench, Side } from "./conformance-bench.ts";

/** Room for the other fields of a request whose row fills it. */
const MARGIN_BYTES = 4000;
const LONG_TRACE_ID = 129;

/** What the model may get wrong: it has to be told, and the rollout goes on. */
export const MODEL_MISTAKE_CHECKS: readonly ConformanceCheck[] = [
  {
    name: "tools.unknown-tool",
    rule: "An unknown tool is the model's mistake: an answer that it can read, never 5xx.",
    basis: "documented",
    run: async (bench) => {
      const { toolUrl, toolName } = bench.target;
      const name = "no_such_tool";
      const end = `/${toolName}`;
      const url = toolUrl.endsWith(end) ? `${toolUrl.slice(0, -end.length)}/${name}` : toolUrl;
      return mistakeFinding(await bench.callTool(bench.toolRequest(bench.newTrace(), { name }), { url }));
    },
  },
  {
    name: "tools.broken-arguments",
    rule: "Arguments that are no JSON are the model's mistake: an answer that it can read, never 5xx.",
    basis: "documented",
    run: async (bench) =>
      mistakeFinding(await bench.callTool(bench.toolRequest(bench.newTrace(), { arguments: '{"a": ' }))),
  },
  {
    name: "tools.wrong-arguments",
    rule: "Arguments that are no object are the model's mistake: an answer that it can read, never 5xx.",
    basis: "documented",
    run: async (bench) =>
      mistakeFinding(await bench.callTool(bench.toolRequest(bench.newTrace(), { arguments: "[1, 2]" }))),
  },
];

/** What is no request at all, or too large for one. */
export const INPUT_CHECKS: readonly ConformanceCheck[] = (["tools", "grader"] as const).flatMap((side) => [
  {
    name: `${side}.bad-json`,
    rule: "A body that is no JSON is refused with 4xx.",
    basis: "derived",
    run: async (bench) => refusedFinding(await bench.send(side, { body: '{"trace_id": ' }), fail),
  },
  {
    name: `${side}.no-trace-id`,
    rule: "A request without trace_id is refused with 4xx: it belongs to no rollout.",
    basis: "derived",
    run: async (bench) => refusedFinding(await sendTo(bench, side, { trace_id: undefined }), warn),
  },
  {
    name: `${side}.bad-trace-id`,
    rule: "A trace_id of more than 128 characters, or with control characters, is refused with 4xx.",
    basis: "derived",
    run: async (bench) => {
      const long = await sendTo(bench, side, { trace_id: "t".repeat(LONG_TRACE_ID) });
      const finding = refusedFinding(long, warn);
      if (finding.verdict !== "pass") return finding;
      return refusedFinding(await sendTo(bench, side, { trace_id: "trace_\n1" }), warn);
    },
  },
  {
    name: `${side}.one-megabyte`,
    rule: "A request of nearly 1 MB (1,000,000 bytes) is taken.",
    basis: "documented",
    run: async (bench) => oneMegabyte(bench, side),
  },
  {
    name: `${side}.too-large`,
    rule: "A request of more than 1 MB is answered with 413.",
    basis: "documented",
    run: async (bench) => {
      const item = padded(bench, CONTRACT_LIMITS.requestBytes + MARGIN_BYTES);
      const answer = await sendTo(bench, side, { item });
      return statusOf(answer) === 413
        ? pass("answered 413.")
        : fail(`A body over 1 MB: ${answerText(answer)}.`);
    },
  },
]);

function mistakeFinding(answer: ContractAnswer): Finding {
  const status = statusOf(answer);
  const seen = answerText(answer);
  if (status === 0 || status >= 500) {
    return fail(`${seen}; the platform tries again and then throws the rollout away.`);
  }
  if (outputOf(answer) !== null) return pass(`${seen}.`);
  if (status < 400) return fail(`${seen}; \`output\` is missing, or no text.`);
  return warn(`${seen}; without \`output\` the model is shown the error's JSON.`);
}

/** `otherwise` judges an answer that takes the request. */
function refusedFinding(answer: ContractAnswer, otherwise: typeof fail): Finding {
  const status = statusOf(answer);
  if (status >= 400 && status < 500) return pass(`answered ${status}.`);
  const verdict = status === 0 || status >= 500 ? fail : otherwise;
  return verdict(`${answerText(answer)}.`);
}

async function oneMegabyte(bench: ConformanceBench, side: Side): Promise<Finding> {
  const item = padded(bench, CONTRACT_LIMITS.requestBytes - MARGIN_BYTES);
  const traceId = bench.newTrace();
  const call = await bench.callTool(bench.toolRequest(traceId, side === "tools" ? { item } : {}));
  const answer = side === "tools" ? call : await bench.grade(bench.gradeRequest(traceId, { item }));
  return statusOf(answer) === 200
    ? pass("answered 200.")
    : fail(`A body of nearly 1 MB: ${answerText(answer)}.`);
}

/** Sends a request with other fields, of a trace that no check counts as open. */
function sendTo(
  bench: ConformanceBench,
  side: Side,
  fields: Readonly<Record<string, unknown>>,
): Promise<ContractAnswer> {
  const traceId = bench.newTrace();
  const request = side === "tools" ? bench.toolRequest(traceId) : bench.gradeRequest(traceId);
  return bench.send(side, { body: JSON.stringify({ ...request, ...fields }) });
}

/** The row with a key more, so that it alone has this many bytes. */
function padded(bench: ConformanceBench, bytes: number): ConformanceBench["target"]["item"] {
  const { item } = bench.target;
  const padding = Math.max(0, bytes - Buffer.byteLength(JSON.stringify(item)));
  return { ...item, conformance_padding: "x".repeat(padding) };
}
