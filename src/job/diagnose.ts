import { assertNever } from "../lib/assert-never.ts";
import { diagnoseLive } from "./diagnose-live.ts";
import type { DoctorFacts, RecentFailures } from "./doctor-facts.ts";
import { fieldOfCode } from "./field-of-code.ts";
import { fine, problem } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Kinds of failures that are told of. */
const MOST_KINDS = 4;

/**
 * Explains how a job stands: what is wrong and what to do about it, the state first. Pure, so that a run folder and a
 * cluster's status get the same explanations.
 */
export function diagnose(facts: DoctorFacts): readonly Finding[] {
  return [...stateFindings(facts), ...failureFindings(facts)];
}

/** Whether somebody has to do something. */
export function needsHand(findings: readonly Finding[]): boolean {
  return findings.some(({ isProblem }) => isProblem);
}

function stateFindings(facts: DoctorFacts): readonly Finding[] {
  const { job, state, recorded, commands } = facts;
  const sofar = `${recorded.graded} rollouts have a reward and ${recorded.ungraded} have failed so far`;
  switch (state.kind) {
    case "running":
      return diagnoseLive(state.live, facts);
    case "silent":
      return [
        problem(
          "silent",
          `${job} is held by process ${state.pid}, which does not answer; ${sofar}.`,
          `See whether process ${state.pid} is stopped or starved (ps, top); end it by "kill -9 ${state.pid}" and resume: ${commands.resume}`,
        ),
      ];
    case "starting":
      return [
        fine(
          "starting",
          `${job} is starting, or about to end, in process ${state.pid}; ask again in a moment.`,
        ),
      ];
    case "serving":
      return [fine("serving", `${job} is served by process ${state.pid}; ${sofar}.`)];
    case "served":
      return [
        fine(
          "served",
          `${job} is served no more; ${sofar}. To serve it with these records: ${commands.resume}`,
        ),
      ];
    case "ended":
      return endedFindings(facts, state);
    case "stopped":
      return [
        problem(
          state.why,
          `${job} ${STOPPED[state.why]}: ${state.message} ${sofar}.`,
          state.why === "error"
            ? `Mend that, then resume it: ${commands.resume}`
            : `Resume it: ${commands.resume}`,
        ),
      ];
    default:
      return assertNever(state);
  }
}

const STOPPED = {
  interrupted: "was stopped and has not ended",
  error: "stopped with an error and has not ended",
  killed: "has not ended, and no process has it",
} as const;

function endedFindings(
  { job, recorded, commands }: DoctorFacts,
  end: { readonly condition: string; readonly reason: string; readonly message: string },
): readonly Finding[] {
  const text = `${job} has ended: ${end.condition} (${end.reason}). ${end.message}`;
  if (recorded.ungraded === 0) return [fine("ended", text)];
  const left = `${recorded.ungraded} rollouts have no reward${recorded.graded === 0 ? ", and none has one" : ""}`;
  const action = `${left}: mend the cause, then ${commands.retry}`;
  return [problem("ended_ungraded", text, action)];
}

function failureFindings({ recentFailures, state, recorded, commands }: DoctorFacts): readonly Finding[] {
  const failed = state.kind === "running" ? state.live.status.rollouts.failed : recorded.ungraded;
  const shown = recentFailures.slice(0, MOST_KINDS).map((kind) => {
    const text = `${kind.count} of the last failed attempts: ${kind.failureClass}/${kind.code}. ${kind.cause}`;
    // What was tried again with success costs time and tokens only.
    // What was cancelled with its job lacks nothing but a retry.
    const isHarmless = failed === 0 || kind.failureClass === "cancelled";
    return isHarmless ? fine("failures", text) : problem("failures", text, adviceFor(kind, commands));
  });
  const more = recentFailures.length - shown.length;
  return more > 0 ? [...shown, fine("failures", `${more} more kinds of failures; ${commands.list}`)] : shown;
}

function adviceFor({ failureClass, code }: RecentFailures, commands: DoctorFacts["commands"]): string {
  const field = fieldOfCode(code);
  if (field !== null) return `Check ${field}.`;
  const advice = failureClass === "sandbox" ? tryByHand(commands) : ADVICE[failureClass];
  return `${advice ?? "Look into one of them."} They are listed by ${commands.list}`;
}

function tryByHand({ sandbox }: DoctorFacts["commands"]): string {
  return `Try one by hand with "${sandbox}", and look at memory and disk of the machine.`;
}

const ADVICE: Readonly<Record<string, string>> = {
  tool: "See whether the remote tool answers.",
  model: "See whether the model endpoint is up and quick enough.",
  grader: "Try the grader and its endpoint.",
  internal: "It is a fault of ours: logs/rollyard.log has the time and the code.",
};
