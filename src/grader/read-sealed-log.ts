import type { LogStore } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import { readRollout } from "../rollout/read-rollout.ts";
import type { GradeTask } from "./grade-request.ts";
import { decideByLog } from "./log-decision.ts";
import type { LogDecision } from "./log-decision.ts";
import { pauseBefore, untilAnswered } from "./patience.ts";
import type { Patience } from "./patience.ts";
import { ungradable } from "./ungradable.ts";

/** How often a log is read again before the leader is asked, or a wrong digest believed. */
const TRIES_BEFORE_JUDGING = 4;

/**
 * Reads the log until its sealing message is visible (direct reads may lag behind) and says whether it can be graded.
 * Waits for a lost bus; rejects only when the signal aborts.
 */
export async function readSealedLog(
  store: LogStore,
  task: GradeTask,
  patience: Patience,
): Promise<Exclude<LogDecision, { kind: "not_visible" }>> {
  for (let tries = 1; ; tries += 1) {
    const decision = await readOnce(store, task, { patience, isLastTry: tries >= TRIES_BEFORE_JUDGING });
    if (decision.kind !== "not_visible") return decision;
    if (tries >= TRIES_BEFORE_JUDGING && !(await isOnLeader(store, task, patience))) return missing(task);
    await pauseBefore(tries, patience);
  }
}

async function readOnce(
  store: LogStore,
  task: GradeTask,
  { patience, isLastTry }: { readonly patience: Patience; readonly isLastTry: boolean },
): Promise<LogDecision> {
  const read = () => readRollout(store, task.parts, { throughSequence: task.lastSequence });
  try {
    return decideByLog(await untilAnswered(read, patience), task);
  } catch (error) {
    if (!(error instanceof RollyardError) || error.code !== "log_corrupt") throw error;
    if (!isLastTry) return { kind: "not_visible" };
    return { kind: "refused", failure: failureRecord(error) };
  }
}

async function isOnLeader(store: LogStore, task: GradeTask, patience: Patience): Promise<boolean> {
  const subject = eventsSubject(task.parts);
  const last = await untilAnswered(() => store.readLast("events", subject, { fromLeader: true }), patience);
  return (last?.sequence ?? 0) >= task.lastSequence;
}

function missing(task: GradeTask): LogDecision & { kind: "refused" } {
  const cause = "The event log ends before the message that the grade request names.";
  return {
    kind: "refused",
    failure: ungradable("log_conflict", cause, { last_seq: String(task.lastSequence) }),
  };
}
