import type { JobIdentity } from "../../../src/job/job-identity.ts";
import type { ChaosJob } from "./job.ts";

/** What the controller's process of a run is told. */
export interface ControllerConfig {
  readonly servers: readonly string[];
  readonly replicas: 1 | 3;
  readonly ackWaitMs: number;
  readonly job: ChaosJob;
  /** The same for every life of the process. */
  readonly names: Pick<JobIdentity, "jobUid" | "environmentUid" | "traceSeed">;
  readonly startedAtMs: number;
  /** A file that is there when everything was stopped: nobody of before holds any work. It is removed once heeded. */
  readonly fullStopFile: string;
  /** Path of the program. */
  readonly sandboxd: string;
  readonly resultsFolder: string;
  /** Where the job's end is written, last of all. */
  readonly endFile: string;
}
