import { systemClock } from "../../lib/clock.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { answerText, outputOf, statusOf } from "../contract-answer.ts";
import { endOf, judgeTrace } from "./judge-trace.ts";
import type { TraceEnd, TraceRecord } from "./judge-trace.ts";
import { simulateTrace } from "./simulate-trace.ts";
import type { SimulationTarget } from "./simulation-target.ts";
import { planTrace } from "./trace-plan.ts";
import type { PlanBasis } from "./trace-plan.ts";
import { TrainerLine } from "./trainer-line.ts";
import type { LineCounts, LineDeps } from "./trainer-line.ts";
import type { Violation, ViolationKind } from "./violation.ts";

/** What a simulation is told. */
export interface SimulationOptions extends LineDeps, PlanBasis {
  readonly traces: number;
  /** Rollouts of a training step: they begin at once, and the next step when all have ended. */
  readonly stepSize: number;
  /** Whether each command prints its mark: a tool of which no answer has one runs no commands, and is no broken promise. */
  readonly printsMarks?: boolean;
  readonly onStep?: (summary: SimulationSummary) => void;
}

/** How long answers took, in milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Calls that got no answer a trainer can use, by what the last try saw. */
export interface GivenUp {
  readonly side: "tool" | "grade";
  readonly seen: string;
  readonly calls: number;
}

/** What a simulation has seen. */
export interface SimulationSummary {
  readonly seed: number;
  readonly runId: string;
  readonly traces: number;
  readonly ends: Readonly<Record<TraceEnd, number>>;
  readonly calls: number;
  readonly line: Readonly<LineCounts>;
  readonly seconds: number;
  readonly toolMs: Latencies;
  readonly gradeMs: Latencies;
  readonly violations: Readonly<Partial<Record<ViolationKind, number>>>;
  /** The first of them. */
  readonly examples: readonly Violation[];
  /** Why calls were given up after all their tries, which discards their rollouts: the first few reasons. */
  readonly givenUp: readonly GivenUp[];
}

const MAX_EXAMPLES = 20;
const MAX_REASONS = 5;

/** Plays all rollouts, step by step. Rejects with `bad_input` after the first step when the tool runs no commands. */
export async function runSimulation(
  target: SimulationTarget,
  options: SimulationOptions,
): Promise<SimulationSummary> {
  const clock = options.clock ?? systemClock;
  const line = new TrainerLine(target, options);
  const tally = new SimulationTally(options, line.counts);
  const startMs = clock.monotonicMs();
  const seconds = (): number => (clock.monotonicMs() - startMs) / 1000;
  for (let from = 0; from < options.traces && !options.signal.aborted; from += options.stepSize) {
    const size = Math.min(options.stepSize, options.traces - from);
    const plans = Array.from({ length: size }, (_, at) => planTrace(from + at, options));
    await Promise.all(
      plans.map(async (plan) => {
        const record = await simulateTrace(plan, target, line);
        if (!options.signal.aborted) tally.add(record, judgeTrace(record, target.scoreRule));
      }),
    );
    if (options.printsMarks === true && tally.runsNothing) throw runsNothing(target.toolName);
    options.onStep?.(tally.summary(seconds()));
  }
  return tally.summary(seconds());
}

function runsNothing(tool: string): RollyardError {
  return new RollyardError("bad_input", {
    message: `${tool} answers, and no answer has what a shell would print: name a tool that runs shell commands by --tool, or say by --call and --audit how a command of ${tool} leaves a mark and prints all marks.`,
  });
}

class SimulationTally {
  readonly #basis: PlanBasis;
  readonly #line: LineCounts;
  readonly #ends: Record<TraceEnd, number> = { graded: 0, abandoned: 0, discarded: 0 };
  readonly #toolMs: number[] = [];
  readonly #gradeMs: number[] = [];
  readonly #violations: Violation[] = [];
  readonly #givenUp = new Map<string, GivenUp>();
  #calls = 0;
  readonly #outputs = { withMark: 0, withoutMark: 0 };

  constructor(basis: PlanBasis, line: LineCounts) {
    this.#basis = basis;
    this.#line = line;
  }

  add(record: TraceRecord, violations: readonly Violation[]): void {
    this.#ends[endOf(record)] += 1;
    this.#calls += record.calls.length;
    this.#countOutputs(record);
    const { calls, audit, grades } = record;
    this.#countGivenUp("tool", [...calls.flatMap(({ ends }) => ends), ...(audit === null ? [] : [audit])]);
    this.#countGivenUp("grade", grades);
    this.#violations.push(...violations);
    this.#toolMs.push(...record.calls.flatMap(({ ends }) => timesOf(ends)));
    this.#gradeMs.push(...timesOf(record.grades));
  }

  /** Whether commands were answered, and not one with its mark. */
  get runsNothing(): boolean {
    return this.#outputs.withMark === 0 && this.#outputs.withoutMark > 0;
  }

  #countOutputs({ calls }: TraceRecord): void {
    for (const { plan, mark, ends } of calls) {
      const outputs = ends.flatMap(({ seen }) => seen.flatMap((answer) => outputOf(answer) ?? []));
      if (plan.kind !== "command" || outputs.length === 0) continue;
      this.#outputs[outputs.some((output) => output.includes(mark)) ? "withMark" : "withoutMark"] += 1;
    }
  }

  #countGivenUp(side: GivenUp["side"], ends: TraceRecord["grades"]): void {
    for (const end of ends) {
      if (end.kind !== "discarded") continue;
      const seen = answerText(end.last);
      const before = this.#givenUp.get(`${side} ${seen}`);
      if (before === undefined && this.#givenUp.size === MAX_REASONS) continue;
      this.#givenUp.set(`${side} ${seen}`, { side, seen, calls: (before?.calls ?? 0) + 1 });
    }
  }

  summary(seconds: number): SimulationSummary {
    const { seed, runId } = this.#basis;
    const violations: Partial<Record<ViolationKind, number>> = {};
    for (const { kind } of this.#violations) violations[kind] = (violations[kind] ?? 0) + 1;
    const { graded, abandoned, discarded } = this.#ends;
    return {
      seed,
      runId,
      traces: graded + abandoned + discarded,
      ends: { ...this.#ends },
      calls: this.#calls,
      line: { ...this.#line },
      seconds: Math.round(seconds * 10) / 10,
      toolMs: latencies(this.#toolMs),
      gradeMs: latencies(this.#gradeMs),
      violations,
      examples: this.#violations.slice(0, MAX_EXAMPLES),
      givenUp: [...this.#givenUp.values()],
    };
  }
}

function timesOf(ends: TraceRecord["grades"]): readonly number[] {
  return ends.flatMap(({ seen }) => seen.filter((answer) => statusOf(answer) === 200).map(({ ms }) => ms));
}

function latencies(times: readonly number[]): Latencies {
  const sorted = times.toSorted((left, right) => left - right);
  const at = (part: number): number => Math.round(sorted[Math.floor(part * (sorted.length - 1))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
