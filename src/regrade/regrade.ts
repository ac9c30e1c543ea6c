import { toRollyardError } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import { NO_ACCOUNT, failedAccount } from "../grader/grading-account.ts";
import type { GradeInput, GradeResult } from "../grader/port.ts";
import { mapAhead } from "../lib/map-ahead.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import type { TrajectoryRecord } from "../trajectory/trajectory-record.ts";
import { regradedRecord, unregradedRecord } from "./regrade-record.ts";
import type { RegradeRecord } from "./regrade-record.ts";
import { storedGradeInput } from "./stored-grade-input.ts";
import { whyNotRegraded } from "./why-not-regraded.ts";

/** The grader of a series, and what it needs of the rollouts. */
export interface RegradeSetup {
  readonly series: string;
  readonly hasResponseFormat: boolean;
  readonly needsAgentFiles: boolean;
  /** Gradings at once. */
  readonly width: number;
  /** Rejects with the grader's failure; with whatever it likes once `signal` has aborted. */
  readonly grade: (input: GradeInput) => Promise<GradeResult>;
  readonly signal: AbortSignal;
}

/** A rollout to grade, and where its trajectory is. */
export interface RegradeTask {
  readonly result: ResultRecord;
  readonly trajectory: () => Promise<TrajectoryRecord | null>;
}

/** So many first gradings that all fail as `config` say that the grader can't be used at all. */
const HOPELESS = 10;

/**
 * Grades stored rollouts, at most `width` at once, and gives their lines in the order in which they came. Memory holds
 * the trajectories under way. Throws the grader's own error when the first ten gradings all failed with class config; when the
 * signal aborts, it ends with what was done.
 */
export async function* regrade<Task extends RegradeTask>(
  tasks: AsyncIterable<Task>,
  setup: RegradeSetup,
): AsyncGenerator<{ readonly task: Task; readonly record: RegradeRecord }> {
  let hopeless = 0;
  let isGraded = false;
  for await (const { task, record, error } of mapAhead(
    untilAborted(tasks, setup.signal),
    { width: setup.width },
    (each) => regradeOne(each, setup),
  )) {
    if (record === null) return;
    yield { task, record };
    if (error === null) isGraded ||= record.outcome === "graded";
    else if (error.failureClass !== "config") isGraded = true;
    else if (!isGraded && (hopeless += 1) >= HOPELESS) throw error;
  }
}

async function* untilAborted<T>(tasks: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const task of tasks) {
    if (signal.aborted) return;
    yield task;
  }
}

interface Regraded<Task> {
  readonly task: Task;
  /** Null for one that was given up. */
  readonly record: RegradeRecord | null;
  /** Why the grader gave no reward. */
  readonly error: RollyardError | null;
}

async function regradeOne<Task extends RegradeTask>(
  task: Task,
  setup: RegradeSetup,
): Promise<Regraded<Task>> {
  const { result } = task;
  const { series, needsAgentFiles } = setup;
  const trajectory = result.stop_reason === null ? null : await task.trajectory();
  const why = whyNotRegraded({ result, hasTrajectory: trajectory !== null, needsAgentFiles });
  if (why !== null || trajectory === null) {
    const failure = why ?? failureRecord(toRollyardError(null));
    return { task, record: unregradedRecord(result, series, { failure, account: NO_ACCOUNT }), error: null };
  }
  try {
    const graded = await setup.grade(storedGradeInput(result, trajectory, setup));
    return { task, record: regradedRecord(result, series, graded), error: null };
  } catch (thrown) {
    if (setup.signal.aborted) return { task, record: null, error: null };
    const error = toRollyardError(thrown);
    const unregraded = { failure: failureRecord(error), account: failedAccount(error) };
    return { task, record: unregradedRecord(result, series, unregraded), error };
  }
}
