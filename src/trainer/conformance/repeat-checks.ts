import { answerText, outputOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { fail, pass, unproven } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench } from "./conformance-bench.ts";
import { judgeCount } from "./counting.ts";

const AT_ONCE = 4;

/** Retries, repeats and calls side by side: what a platform's retry after a lost answer must not change. */
export const REPEAT_CHECKS: readonly ConformanceCheck[] = [
  {
    name: "tools.repeat",
    rule: "A call that comes again with its trace_id and call_id gets the first output, and the command has run once.",
    basis: "derived",
    run: async (bench) => {
      const traceId = bench.newTrace();
      const request = bench.toolRequest(traceId);
      const answers = [await bench.callTool(request), await bench.callTool(request)];
      return await oneRun(bench, traceId, answers);
    },
  },
  {
    name: "tools.repeat-at-once",
    rule: "A call that comes again while the first still runs gets the same output, and the command has run once.",
    basis: "derived",
    run: async (bench) => {
      const traceId = bench.newTrace();
      const request = bench.toolRequest(traceId);
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => bench.callTool(request)));
      return await oneRun(bench, traceId, answers);
    },
  },
  {
    name: "tools.new-call-id",
    rule: "The same arguments under a new call_id are a new call, and run.",
    basis: "derived",
    run: newCallId,
  },
  {
    name: "tools.parallel",
    rule: "Parallel calls of one trace, the first ones too, are each answered, in the same sandbox.",
    basis: "documented",
    run: parallelCalls,
  },
  {
    name: "tools.traces-apart",
    rule: "A call of another trace is another call, even with the same call_id, and sees nothing of the first trace.",
    basis: "derived",
    run: tracesApart,
  },
];

/** All answers are the output of one run, which was the trace's first; tries the second to see that it is. */
async function oneRun(
  bench: ConformanceBench,
  traceId: string,
  answers: readonly ContractAnswer[],
): Promise<Finding> {
  const refused = answers.find((answer) => statusOf(answer) !== 200 || outputOf(answer) === null);
  if (refused !== undefined) return fail(`One of ${answers.length} equal calls: ${answerText(refused)}.`);
  if (new Set(answers.map(outputOf)).size > 1) return fail("Equal calls had different outputs.");
  const next = await bench.callTool(bench.toolRequest(traceId));
  return await judgeCount(bench, {
    runs: 2,
    answer: next,
    wrong:
      "Equal calls had the same output, but the command ran more than once: the next call counts too many.",
    right: pass(`${answers.length} equal calls had the same output.`),
  });
}

async function newCallId(bench: ConformanceBench): Promise<Finding> {
  const traceId = bench.newTrace();
  const answers = [
    await bench.callTool(bench.toolRequest(traceId)),
    await bench.callTool(bench.toolRequest(traceId)),
  ];
  const refused = answers.find((answer) => statusOf(answer) !== 200 || outputOf(answer) === null);
  if (refused !== undefined) return fail(`One of two calls: ${answerText(refused)}.`);
  if (new Set(answers.map(outputOf)).size === 2) return pass("Two calls had two outputs.");
  return bench.target.isCounting
    ? fail("Two calls with different call_ids had the same output, and the call should count.")
    : unproven("Two calls had the same output; give a counting call (--counting) to prove that both ran.");
}

async function parallelCalls(bench: ConformanceBench): Promise<Finding> {
  const traceId = bench.newTrace();
  const requests = Array.from({ length: AT_ONCE }, () => bench.toolRequest(traceId));
  const answers = await Promise.all(requests.map((request) => bench.callTool(request)));
  const refused = answers.find((answer) => statusOf(answer) !== 200 || outputOf(answer) === null);
  if (refused !== undefined) return fail(`One of ${AT_ONCE} calls at once: ${answerText(refused)}.`);
  const isMixedUp = answers.some(
    (answer, at) => answer.kind === "answered" && answer.body?.["call_id"] !== requests[at]?.call_id,
  );
  if (isMixedUp) return fail("An answer bears the call_id of another call, or none.");
  const next = await bench.callTool(bench.toolRequest(traceId));
  return await judgeCount(bench, {
    runs: AT_ONCE + 1,
    answer: next,
    wrong: `After ${AT_ONCE} calls at once the next one counts otherwise: not all ran in the trace's sandbox, or one ran twice.`,
    right: pass(`${AT_ONCE} calls at once were each answered.`),
  });
}

async function tracesApart(bench: ConformanceBench): Promise<Finding> {
  const [one, other] = [bench.newTrace(), bench.newTrace()];
  await bench.callTool(bench.toolRequest(one));
  const second = bench.toolRequest(one);
  await bench.callTool(second);
  const answer = await bench.callTool({ ...second, trace_id: other });
  if (statusOf(answer) !== 200) return fail(`A call_id of another trace: ${answerText(answer)}.`);
  return await judgeCount(bench, {
    runs: 1,
    answer,
    wrong: "The first call of a new trace counts on from another trace, or got its stored output.",
    right: pass("A second trace with the same call_id was answered."),
  });
}
