import type { RolloutEvent } from "../../../../src/rollout/events.ts";
import { consumedAgentMs } from "../../../../src/rollout/agent-time.ts";
import { rolloutIndex } from "../../../../src/rollout/ids.ts";
import type { AttemptState, RolloutState } from "../../../../src/rollout/state.ts";
import type { Record } from "../referee.ts";
import type { Fault } from "../schedule.ts";

/** One message of a log, and what it made of the rollout. */
export interface LogStep {
  readonly token: string;
  readonly before: RolloutState;
  readonly after: RolloutState;
  readonly events: readonly RolloutEvent[];
}

/** What each event of a log may follow. */
export function judgeLog(record: Record, step: LogStep): readonly string[] {
  const attempt = step.after.attempts.at(-1);
  if (attempt === undefined) return [];
  return step.events.flatMap(({ kind }): readonly string[] => {
    switch (kind.case) {
      case "rolloutStarted":
        return judgeStart(record, step.token, attempt);
      case "driverAttached":
        return judgeTakeover(record, step, kind.value.driver);
      case "rolloutStopped":
        return judgeStop(record, step.token, attempt);
      case "attemptFailed":
        return judgeFailure(record, step.token, attempt);
      default:
        return [];
    }
  });
}

function judgeStart(record: Record, token: string, { attempt }: AttemptState): readonly string[] {
  return record.dispatched.has(`${token}/${attempt}`) ? [] : [`${token}/${attempt} began undispatched`];
}

/** Nobody is fenced who lives, drives, and would have said so. */
function judgeTakeover(record: Record, step: LogStep, driver: string): readonly string[] {
  const { token, before, after } = step;
  const key = `${token}/${after.attempts.at(-1)?.attempt}/${driver}`;
  record.attaches.set(key, [...(record.attaches.get(key) ?? []), after.lastSequence]);
  const attempt = before.attempts.at(-1);
  const owner = attempt?.driver?.id ?? driver;
  if (attempt === undefined || owner === driver || driver === "controller") return [];
  return isAliveAndDriving(record, attempt, owner)
    ? [`${driver} took ${token} over while ${owner} was driving it`]
    : [];
}

function isAliveAndDriving({ schedule, drivers }: Record, attempt: AttemptState, owner: string): boolean {
  const index = rolloutIndex(attempt, schedule.shape.samplesPerItem);
  return drivers.attemptOf(owner, index) === attempt.attempt && drivers.isUndisturbed(owner);
}

/** Our own waits never end an agent: only recorded model and tool time does. */
function judgeStop(record: Record, token: string, attempt: AttemptState): readonly string[] {
  if (attempt.seal?.kind !== "stopped" || attempt.seal.reason !== "agent_deadline") return [];
  const { agentSeconds, samplesPerItem } = record.schedule.shape;
  const isConsumed = consumedAgentMs(attempt.turns) >= agentSeconds * 1000;
  const wasGivenUp = record.deadlines.has(rolloutIndex(attempt, samplesPerItem));
  return isConsumed || wasGivenUp ? [] : [`${token} was ended by a deadline that it had not used up`];
}

/** Which faults may end an attempt, and as what. Deaths of workers and graders, drains and lost messages never do. */
const CAUSES: Readonly<{ [failureClass: string]: (fault: Fault) => boolean }> = {
  sandbox: (fault) =>
    ["sandbox", "start", "interrupt", "blackout"].includes(fault.kind) ||
    // Sandboxes end with the controller that started them.
    (fault.kind === "crash" && fault.part === "controller"),
  model: ({ kind }) => kind === "model",
  internal: ({ kind }) => kind === "poison" || kind === "crash",
};

/** A jump over half an hour makes a rollout look silent, which is judged by its deliveries then. */
const LONG_SILENCE_MS = 1_800_000;

/** Whether what was known of a rollout spoke for its ending its workers. */
function isJudged({ schedule }: Record, { attachesSinceTurn }: AttemptState): boolean {
  const jumps = schedule.faults.filter((fault) => fault.kind === "clock");
  return attachesSinceTurn >= 6 || jumps.some(({ byMs }) => byMs >= LONG_SILENCE_MS);
}

/** A failure says what it is, and is of a class that something in the schedule can have caused. */
export function judgeFailure(record: Record, token: string, attempt: AttemptState): readonly string[] {
  if (attempt.seal?.kind !== "failed") return [];
  const { failureClass, code, cause } = attempt.seal.failure;
  const what = `${token}/${attempt.attempt} failed with ${failureClass} ${code}`;
  if (cause === "") return [`${what} and no cause`];
  const isInternal = failureClass === "internal";
  if (isInternal && (code !== "worker_poison" || !isJudged(record, attempt)))
    return [`${what}, which is a bug of ours: ${JSON.stringify(attempt.seal.failure)}`];
  const isCaused = record.schedule.faults.some(CAUSES[failureClass] ?? ((): boolean => false));
  return isCaused ? [] : [`${what}, though nothing of that kind went wrong`];
}
