import { fromBinary } from "@bufbuild/protobuf";
import { OutcomeSchema } from "../../../../src/gen/rollyard/v1/work_pb.ts";
import type { Outcome } from "../../../../src/gen/rollyard/v1/work_pb.ts";
import type { OutcomeSummary } from "../../../../src/job/outcome-summary.ts";
import type { AttemptState } from "../../../../src/rollout/state.ts";
import type { Record } from "../referee.ts";
import { rewardOf } from "../simulated-grading.ts";

/** One stored outcome and what was there before. */
export interface OutcomeStep {
  readonly token: string;
  readonly outcome: OutcomeSummary;
  readonly earlier: readonly OutcomeSummary[];
  readonly client: string;
  readonly payload: Uint8Array;
}

/** What of the record a reward is judged by. */
type Records = Pick<Record, "logs" | "dispatched" | "schedule">;

/** One outcome an attempt, in a chain without a gap; a reward is what the log's content earns, a failure has none. */
export function judgeOutcome(record: Records, step: OutcomeStep): readonly string[] {
  const { outcome, token } = step;
  const attempt = attemptOf(record, token, outcome.attempt);
  return [
    ...judgeChain(step),
    ...(outcome.end.kind === "graded"
      ? judgeGraded(record, step, attempt)
      : judgeFailed(record, step, attempt)),
  ];
}

function attemptOf(record: Records, token: string, attempt: number): AttemptState | null {
  return record.logs.get(token)?.attempts.find((candidate) => candidate.attempt === attempt) ?? null;
}

function judgeChain({ token, outcome, earlier }: OutcomeStep): readonly string[] {
  const last = earlier.at(-1);
  const what = `outcome of ${token}/${outcome.attempt}`;
  if (outcome.attempt !== (last?.attempt ?? -1) + 1)
    return [`${what} follows one of attempt ${last?.attempt ?? "none"}`];
  return last?.end.kind === "graded" ? [`${what} follows a graded one`] : [];
}

function judgeGraded(
  record: Records,
  { token, outcome, client }: OutcomeStep,
  attempt: AttemptState | null,
): readonly string[] {
  const what = `${token}/${outcome.attempt}`;
  if (!client.startsWith("grader")) return [`${client} graded ${what}`];
  if (attempt?.seal?.kind !== "stopped") return [`${what} was graded without a log that stopped`];
  const reward = rewardOf(attempt, record.schedule.shape.grader);
  if (outcome.end.kind !== "graded" || outcome.end.reward === reward) return [];
  return [`${what} has reward ${outcome.end.reward}; its log earns ${reward}`];
}

function judgeFailed(
  record: Records,
  { token, outcome, client, payload }: OutcomeStep,
  attempt: AttemptState | null,
): readonly string[] {
  const what = `${token}/${outcome.attempt}`;
  if (!client.startsWith("controller")) return [`${client} published a failure of ${what}`];
  const written = fromBinary(OutcomeSchema, payload);
  const problem = judgeContent(written);
  if (problem !== null) return [`${what} ${problem}`];
  const { failureClass } = written;
  // What was never dispatched can be cancelled without a log.
  if (attempt === null && failureClass === "cancelled" && !record.dispatched.has(what)) return [];
  return judgeAgainstLog(what, written, attempt);
}

/** What a failed outcome must say, and what it must not. */
function judgeContent({ reward, failureClass, failureCode, failureReason }: Outcome): string | null {
  if (reward !== undefined) return "failed and has a reward";
  const says = [failureClass, failureCode, failureReason];
  if (says.includes("")) return "failed without class, code or cause";
  const isOurs = failureClass === "internal" && failureCode !== "worker_poison";
  return isOurs ? `failed by a bug of ours: ${failureCode} ${failureReason}` : null;
}

/** The outcome says what the log's seal says; a log that stopped ends so only by its grader, or cancelled. */
function judgeAgainstLog(
  what: string,
  { failureClass, failureCode }: { readonly failureClass: string; readonly failureCode: string },
  attempt: AttemptState | null,
): readonly string[] {
  const isCancelled = failureClass === "cancelled";
  switch (attempt?.seal?.kind) {
    case undefined:
      return [`${what} failed with ${failureCode} and an open log`];
    case "failed":
      return attempt.seal.failure.code === failureCode
        ? []
        : [`${what} failed with ${failureCode}, not as its log`];
    case "cancelled":
      return isCancelled ? [] : [`${what} was cancelled and failed with ${failureCode}`];
    default:
      return isCancelled || failureClass === "grader"
        ? []
        : [`${what} stopped and failed with ${failureCode}`];
  }
}
