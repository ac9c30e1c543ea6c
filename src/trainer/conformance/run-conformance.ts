import type { CheckResult, ConformanceCheck } from "./check.ts";
import { ConformanceBench } from "./conformance-bench.ts";
import type { BenchDeps } from "./conformance-bench.ts";
import type { ConformanceTarget } from "./conformance-target.ts";
import { GRADER_CHECKS } from "./grader-checks.ts";
import { INPUT_CHECKS, MODEL_MISTAKE_CHECKS } from "./input-checks.ts";
import { KEY_CHECKS } from "./key-checks.ts";
import { LATE_CHECKS } from "./late-checks.ts";
import { BURST_CHECKS, OBSERVED_CHECKS } from "./load-checks.ts";
import { REPEAT_CHECKS } from "./repeat-checks.ts";
import { TOOL_ANSWER_CHECKS } from "./tool-answer-checks.ts";

/** Every check, in the order in which they run. */
export const CONFORMANCE_CHECKS: readonly ConformanceCheck[] = [
  ...TOOL_ANSWER_CHECKS,
  ...REPEAT_CHECKS,
  ...MODEL_MISTAKE_CHECKS,
  ...GRADER_CHECKS,
  ...LATE_CHECKS,
  ...INPUT_CHECKS,
  ...KEY_CHECKS,
  ...BURST_CHECKS,
  ...OBSERVED_CHECKS,
];

/** What a run of the suite is told. */
export interface ConformanceOptions extends BenchDeps {
  readonly checks?: readonly ConformanceCheck[];
  /** Called after each check. */
  readonly onResult?: (result: CheckResult) => void;
}

/** Tries the target against each check, one after the other, and grades every trace that was opened. */
export async function runConformance(
  target: ConformanceTarget,
  { checks = CONFORMANCE_CHECKS, onResult, ...deps }: ConformanceOptions,
): Promise<readonly CheckResult[]> {
  const bench = new ConformanceBench(target, deps);
  const results: CheckResult[] = [];
  for (const check of checks) {
    if (deps.signal.aborted) break;
    const { name, rule, basis } = check;
    const result = { check: name, rule, basis, ...(await check.run(bench)) };
    results.push(result);
    onResult?.(result);
  }
  await bench.closeTraces();
  return results;
}
