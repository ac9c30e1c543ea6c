import { answerText, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { fail, pass, skipped, warn } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench, Side } from "./conformance-bench.ts";

/** Whoever can call a tool can run commands: the key that the job's headers hold has to be asked for. */
export const KEY_CHECKS: readonly ConformanceCheck[] = (["tools", "grader"] as const).flatMap((side) => [
  {
    name: `${side}.no-key`,
    rule: "A call without the job's headers is answered with 401.",
    basis: "derived",
    run: (bench) => keyFinding(bench, side, () => ({})),
  },
  {
    name: `${side}.wrong-key`,
    rule: "A call with a wrong key is answered with 401.",
    basis: "derived",
    run: (bench) =>
      keyFinding(bench, side, (headers) =>
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}0`])),
      ),
  },
]);

async function keyFinding(
  bench: ConformanceBench,
  side: Side,
  change: (headers: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): Promise<Finding> {
  const { headers } = bench.target;
  if (Object.keys(headers).length === 0) return skipped("No header was given (--header).");
  const traceId = bench.newTrace();
  const request = side === "tools" ? bench.toolRequest(traceId) : bench.gradeRequest(traceId);
  return judged(await bench.send(side, { body: JSON.stringify(request), headers: change(headers) }));
}

function judged(answer: ContractAnswer): Finding {
  const status = statusOf(answer);
  if (status === 401) return pass("answered 401.");
  return (status === 403 ? warn : fail)(`${answerText(answer)}.`);
}
