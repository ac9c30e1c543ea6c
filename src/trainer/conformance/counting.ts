import { outputOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { fail, unproven } from "./check.ts";
import type { Finding } from "./check.ts";
import type { ConformanceBench } from "./conformance-bench.ts";

/** Output of a call by how often it has run in its trace: `[0]` of the first run. */
export async function countingOutputs(
  bench: ConformanceBench,
  runs: number,
): Promise<readonly (string | null)[]> {
  const traceId = bench.newTrace();
  const outputs: (string | null)[] = [];
  for (let run = 0; run < runs; run += 1) {
    outputs.push(outputOf(await bench.callTool(bench.toolRequest(traceId))));
  }
  return outputs;
}

/** What a count that should have been reached says. */
export interface ExpectedCount {
  /** Runs that the trace should have had, this call included. */
  readonly runs: number;
  readonly answer: ContractAnswer;
  readonly wrong: string;
  readonly right: Finding;
}

/** Compares a counting call's output with that of a trace in which as many calls ran one after the other. */
export async function judgeCount(
  bench: ConformanceBench,
  { runs, answer, wrong, right }: ExpectedCount,
): Promise<Finding> {
  if (!bench.target.isCounting) {
    return unproven(`${right.evidence} Give a counting call (--counting) to prove that it ran once.`);
  }
  const outputs = await countingOutputs(bench, runs);
  if (new Set(outputs).size < runs) {
    return fail(
      "Calls with different call_ids had the same output in one trace: the call does not count, or each ran in a sandbox of its own.",
    );
  }
  return outputOf(answer) === outputs.at(-1) ? right : fail(wrong);
}
