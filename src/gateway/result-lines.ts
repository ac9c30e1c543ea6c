import type { JobRecord } from "../job/job-record.ts";
import type { GroupRecord } from "../trajectory/group-statistics.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import type { TrajectoryRecord } from "../trajectory/trajectory-record.ts";

/** One rollout that has ended; `trajectory` when it was asked for and there is one. */
export interface EndedRollout {
  readonly result: ResultRecord;
  readonly trajectory?: TrajectoryRecord;
}

/** What goes on at the end of an answer. */
export type StreamEnd =
  /** Everything was sent. `ended` is false while the job goes on. */
  | {
      readonly type: "end";
      readonly ended: boolean;
      readonly condition?: NonNullable<JobRecord["end"]>["condition"];
      readonly reason?: string;
      readonly message?: string;
    }
  /** The job was deleted, and its records with it. */
  | { readonly type: "gone" }
  /** This gateway ends: ask again, with the last line's cursor as `after`. */
  | { readonly type: "reconnect" };

/** Says that nothing has happened: a connection that says nothing is cut by whatever lies between. */
export interface WaitLine {
  readonly type: "wait";
}

/** One line of results. `cursor` is what `after` takes to go on behind it. */
export type ResultLine =
  | ({ readonly type: "result"; readonly cursor: number } & EndedRollout)
  /** An attempt that failed and is followed by another. */
  | { readonly type: "attempt"; readonly cursor: number; readonly result: ResultRecord }
  | {
      readonly type: "group";
      readonly cursor: number;
      /** False at the end of a job for groups of which not all members have ended. */
      readonly complete: boolean;
      readonly group: GroupRecord;
      readonly results: readonly EndedRollout[];
    }
  | WaitLine
  | StreamEnd;
