import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Grader } from "./port.ts";

/** What grading an attempt needs of its job's and environment's snapshot. */
export interface GraderSetup {
  /** Name of the environment, for metrics. */
  readonly environment: string;
  /** `type` of the grader, for metrics. */
  readonly graderType: string;
  readonly grader: Grader;
  /** What the grader may read of the agent's files. */
  readonly agentFilePaths: readonly string[];
  readonly hasResponseFormat: boolean;
  /** `limits.gradeSeconds` in milliseconds. */
  readonly timeLimitMs: number;
}

/**
 * Finds the setup of an attempt. Rejects with class config for a grader that can't be used, and with
 * `bus_unavailable` when the snapshot can't be read now.
 */
export type LoadGraderSetup = (ref: AttemptRef) => Promise<GraderSetup>;
