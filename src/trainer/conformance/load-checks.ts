import { answerText, outputOf, scoreOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";
import { fail, pass, skipped } from "./check.ts";
import type { ConformanceCheck, Finding } from "./check.ts";
import type { ConformanceBench, Side } from "./conformance-bench.ts";

/** A training step begins with many rollouts at once, and ends with as many grade calls. */
export const BURST_CHECKS: readonly ConformanceCheck[] = [
  {
    name: "tools.burst",
    rule: "First calls of many new traces at once are all answered.",
    basis: "documented",
    run: async (bench) => {
      const calls = newTraces(bench).map((traceId) => bench.callTool(bench.toolRequest(traceId)));
      return burstFinding(await Promise.all(calls), (answer) => outputOf(answer) !== null);
    },
  },
  {
    name: "grader.burst",
    rule: "Grade calls of many traces at once are all answered.",
    basis: "documented",
    run: async (bench) => {
      // Those of the burst before are open yet.
      const traces = [...bench.openTraces, ...newTraces(bench)].slice(0, bench.target.burst);
      const calls = traces.map((traceId) => bench.grade(bench.gradeRequest(traceId)));
      return burstFinding(await Promise.all(calls), (answer) => scoreOf(answer) !== null);
    },
  },
];

/** What holds for every call that the other checks have made; these come last. */
export const OBSERVED_CHECKS: readonly ConformanceCheck[] = [
  ...(["tools", "grader"] as const).map((side): ConformanceCheck => ({
    name: `${side}.in-time`,
    rule: "Every call is answered within 10 minutes.",
    basis: "documented",
    run: async (bench) => timesFinding(bench, side),
  })),
  {
    name: "tools.answer-size",
    rule: "No answer is larger than 1 MB.",
    basis: "documented",
    run: async ({ observed }) => {
      const sizes = observed.flatMap(({ side, answer }) =>
        side === "tools" && answer.kind === "answered" ? [answer.bytes] : [],
      );
      const largest = Math.max(0, ...sizes);
      const text = `The largest of ${sizes.length} answers had ${largest} bytes.`;
      return largest > CONTRACT_LIMITS.answerBytes ? fail(text) : pass(text);
    },
  },
];

function newTraces(bench: ConformanceBench): readonly string[] {
  return Array.from({ length: bench.target.burst }, () => bench.newTrace());
}

function burstFinding(
  answers: readonly ContractAnswer[],
  isGood: (answer: ContractAnswer) => boolean,
): Finding {
  if (answers.length === 0) return skipped("The burst is 0 (--burst).");
  const bad = answers.filter((answer) => statusOf(answer) !== 200 || !isGood(answer));
  const [first] = bad;
  if (first !== undefined) {
    return fail(`${bad.length} of ${answers.length} calls at once failed; the first: ${answerText(first)}.`);
  }
  return pass(`${answers.length} calls at once: ${timesText(answers)}.`);
}

function timesFinding({ observed, target }: ConformanceBench, side: Side): Finding {
  const answers = observed.flatMap((each) => (each.side === side ? [each.answer] : []));
  if (answers.length === 0) return skipped("No call was made.");
  const late = answers.filter(({ kind, ms }) => kind === "silent" && ms >= target.timeoutMs);
  return late.length > 0
    ? fail(`${late.length} of ${answers.length} calls had no answer within ${target.timeoutMs / 1000} s.`)
    : pass(`${answers.length} calls: ${timesText(answers)}.`);
}

function timesText(answers: readonly ContractAnswer[]): string {
  const times = answers.map(({ ms }) => ms).toSorted((left, right) => left - right);
  const at = (part: number): number => Math.round(times[Math.floor(part * (times.length - 1))] ?? 0);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`;
}
