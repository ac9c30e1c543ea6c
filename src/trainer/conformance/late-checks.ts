import { answerText, outputOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { fail, pass, warn } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench } from "./conformance-bench.ts";
import { countingOutputs } from "./counting.ts";

/** The grade call ends a rollout. */
export const LATE_CHECKS: readonly ConformanceCheck[] = [
  {
    name: "tools.late-call",
    rule: "A tool call after the grade call is told so, best with 409 and an `output`, and no command runs in the graded sandbox.",
    basis: "derived",
    run: async (bench) => {
      const traceId = bench.newTrace();
      await bench.callTool(bench.toolRequest(traceId));
      await bench.grade(bench.gradeRequest(traceId));
      return await lateFinding(bench, await bench.callTool(bench.toolRequest(traceId)));
    },
  },
];

async function lateFinding(bench: ConformanceBench, answer: ContractAnswer): Promise<Finding> {
  const status = statusOf(answer);
  const output = outputOf(answer);
  if (status === 0 || status >= 500)
    return fail(`${answerText(answer)}; the platform tries again for nothing.`);
  if (output === null)
    return warn(`${answerText(answer)}; without \`output\` the model is shown the error's JSON.`);
  if (status !== 200) return pass(`${answerText(answer)}.`);
  if (!bench.target.isCounting) return warn("answered 200: the trace is still open after its grade call.");
  return (await countingOutputs(bench, 2)).includes(output)
    ? fail("The command ran although the trace was graded before.")
    : pass("answered 200 with an `output` of another kind.");
}
