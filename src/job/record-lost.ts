import { RollyardError } from "../errors/rollyard-error.ts";
import type { FoundOutcomes } from "./rebuild-ledger.ts";

/** What is known of a job from elsewhere than its streams: the files of a run folder, a status. */
export interface RecordedOutcomes {
  /** Rollouts whose end is on record. */
  readonly rollouts: number;
  /** Failed attempts on record. */
  readonly failedAttempts: number;
}

/**
 * Throws `record_lost` when the streams hold less than what was recorded from them before: a rollout that looks missing
 * may have its outcome, so nothing may be dispatched.
 */
export function refuseLostRecord(
  recorded: RecordedOutcomes,
  found: FoundOutcomes,
  eventsLastSequence: number,
): void {
  const details = {
    recorded_rollouts: recorded.rollouts,
    found_rollouts: found.rollouts,
    recorded_failures: recorded.failedAttempts,
    found_failures: found.failedAttempts,
  };
  if (found.rollouts < recorded.rollouts || found.failedAttempts < recorded.failedAttempts) {
    throw new RollyardError("record_lost", {
      message:
        `The run's store holds the outcomes of ${found.rollouts} rollouts and ${found.failedAttempts} failed attempts, ` +
        `its files those of ${recorded.rollouts} and ${recorded.failedAttempts}: it was removed or damaged. ` +
        "Nothing was run; put the store back, or use another --out.",
      details,
    });
  }
  if (found.gradedAttempts > 0 && eventsLastSequence === 0) {
    throw new RollyardError("record_lost", {
      message:
        `The run's store holds ${found.gradedAttempts} rewards and no event of any rollout: it was damaged. ` +
        "Nothing was run; put the store back, or use another --out.",
      details,
    });
  }
}
