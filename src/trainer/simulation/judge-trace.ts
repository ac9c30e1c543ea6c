import { answerText, outputOf, scoreOf, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";
import type { ScoreRule } from "./simulation-target.ts";
import type { CallPlan, TracePlan } from "./trace-plan.ts";
import type { LineEnd } from "./trainer-line.ts";
import type { Violation, ViolationKind } from "./violation.ts";

/** A call with everything that came back for it, from both of its senders when it was doubled. */
export interface MadeCall {
  readonly plan: CallPlan;
  /** What its command notes in the sandbox. */
  readonly mark: string;
  readonly ends: readonly LineEnd[];
}

/** What a simulated rollout has seen. */
export interface TraceRecord {
  readonly plan: TracePlan;
  readonly calls: readonly MadeCall[];
  /** The call that prints the sandbox's marks; null when the rollout did not get so far. */
  readonly audit: LineEnd | null;
  readonly grades: readonly LineEnd[];
  readonly late: MadeCall | null;
}

/** Status of a call of a rollout that is over. */
const CLOSED = 409;

/** How a rollout ended for the trainer. */
export type TraceEnd = "graded" | "abandoned" | "discarded";

/** Pure. */
export function endOf({ plan, calls, audit, grades }: TraceRecord): TraceEnd {
  const ends = [...calls.flatMap((call) => call.ends), ...(audit === null ? [] : [audit]), ...grades];
  if (ends.some(({ kind }) => kind === "discarded")) return "discarded";
  return plan.isAbandoned ? "abandoned" : "graded";
}

/** Whether infrastructure has lost every try of a call: its rollout has failed, and never has a score. Pure. */
export function isLost({ kind, seen }: LineEnd): boolean {
  return kind === "discarded" && serverErrorsIn(seen) > CONTRACT_LIMITS.retries;
}

function serverErrorsIn(seen: readonly ContractAnswer[]): number {
  return seen.filter((answer) => statusOf(answer) >= 500).length;
}

/** Every promise that was broken to this rollout. Pure. */
export function judgeTrace(record: TraceRecord, scoreRule: ScoreRule): readonly Violation[] {
  const { traceId } = record.plan;
  const say = (kind: ViolationKind, evidence: string): Violation => ({ kind, traceId, evidence });
  const isClosed = record.calls.some(mayHaveClosed);
  return [
    ...record.calls.flatMap((call) => judgeCall(call, isClosed, say)),
    ...judgeAudit(record, isClosed, say),
    ...judgeGrades(record, scoreRule, say),
    ...judgeLate(record, say),
  ];
}

type Say = (kind: ViolationKind, evidence: string) => Violation;

function answersOf(ends: readonly LineEnd[]): readonly ContractAnswer[] {
  return ends.flatMap(({ seen }) => seen.filter((answer) => statusOf(answer) < 500));
}

/**
 * Whether the tries that close a trace may have been this call's: both senders of a doubled call have a part of them, and so have
 * tries whose answer the trainer never saw.
 */
function mayHaveClosed({ plan, ends }: MadeCall): boolean {
  if (ends.some(({ kind }) => kind === "discarded")) return true;
  const unseen = plan.losses.filter((loss) => loss === "cut").length;
  return serverErrorsIn(ends.flatMap(({ seen }) => seen)) + unseen > CONTRACT_LIMITS.retries;
}

function judgeCall({ plan, ends }: MadeCall, isClosed: boolean, say: Say): readonly Violation[] {
  const answers = answersOf(ends).filter((answer) => !isClosed || statusOf(answer) !== CLOSED);
  const refused = answers.find((answer) => statusOf(answer) !== 200 || outputOf(answer) === null);
  const what = `${plan.callId} (${plan.kind})`;
  if (refused !== undefined) {
    const kind = plan.kind === "command" ? "call_refused" : "mistake_refused";
    return [say(kind, `${what} ${answerText(refused)}`)];
  }
  const outputs = new Set(answers.map(outputOf));
  return outputs.size > 1
    ? [say("output_changed", `${what} had ${outputs.size} outputs in ${answers.length} answers`)]
    : [];
}

function judgeAudit({ plan, calls, audit }: TraceRecord, isClosed: boolean, say: Say): readonly Violation[] {
  if (audit === null || audit.kind === "discarded") return [];
  if (isClosed && statusOf(audit.answer) === CLOSED) return [];
  const output = outputOf(audit.answer);
  if (statusOf(audit.answer) !== 200 || output === null) {
    return [say("call_refused", `the audit ${answerText(audit.answer)}`)];
  }
  const lines = output.split("\n").filter((line) => line !== "");
  const commands = calls.filter(({ plan: { kind } }) => kind === "command");
  const known = new Set(commands.map(({ mark }) => mark));
  const foreign = lines.filter((line) => !known.has(line));
  return [
    ...commands.flatMap(({ mark, plan: { callId } }) =>
      judgeRuns(callId, lines.filter((line) => line === mark).length, say),
    ),
    ...(foreign.length === 0
      ? []
      : [say("foreign_command", `${foreign.length} lines are of no call of ${plan.traceId}`)]),
  ];
}

function judgeRuns(callId: string, runs: number, say: Say): readonly Violation[] {
  if (runs === 1) return [];
  return runs === 0
    ? [say("lost_command", `${callId} was answered, and has left nothing in the sandbox`)]
    : [say("ran_twice", `${callId} ran ${runs} times`)];
}

function judgeGrades(record: TraceRecord, scoreRule: ScoreRule, say: Say): readonly Violation[] {
  const { plan, calls, audit, grades } = record;
  const answers = answersOf(grades);
  const tries = [...calls.flatMap(({ ends }) => ends), ...(audit === null ? [] : [audit])];
  if (tries.some(isLost)) return answers.some(hasScore) ? [say("scored_failed", LOST_AND_SCORED)] : [];
  const refused = answers.find((answer) => scoreOf(answer) === null);
  if (refused !== undefined) return [say("call_refused", `the grade call ${answerText(refused)}`)];
  const scores = new Set(answers.map(scoreOf));
  if (scores.size > 1)
    return [say("score_changed", `${answers.length} grade calls got ${[...scores].join(", ")}`)];
  const recorded = calls.length + (audit === null ? 0 : 1);
  const expected = scoreRule === "answer" ? Number(plan.isRight) : 1000 * Number(plan.isRight) + recorded;
  return [...scores].flatMap((score) =>
    score === expected ? [] : [say("wrong_score", `${score} instead of ${expected}`)],
  );
}

const LOST_AND_SCORED = "a call was answered 5xx four times, and the grade call got a score";

function hasScore(answer: ContractAnswer): boolean {
  return scoreOf(answer) !== null;
}

/** Told that the rollout is closed, or refused: both are in order. Its own mark in an output means that it ran. */
function judgeLate({ late }: TraceRecord, say: Say): readonly Violation[] {
  if (late === null) return [];
  const ran = answersOf(late.ends).some(
    (answer) => statusOf(answer) === 200 && (outputOf(answer) ?? "").includes(late.mark),
  );
  return ran ? [say("ran_late", `${late.plan.callId} ran after the grade call`)] : [];
}
