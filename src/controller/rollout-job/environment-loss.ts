import type { JobEnd } from "../../job/job-end.ts";
import type { JobRecord } from "../../job/job-record.ts";
import type { EnvironmentSight } from "../environment/ready-environment.ts";

/** A cache may be a moment behind. */
const PATIENCE_MS = 10_000;

/**
 * Notices that the Environment of a job that runs is gone. Its finalizer waits for the job, so somebody took that away by
 * force; nobody gives out its sandboxes any more, and those who ask for one would ask for ever.
 */
export class EnvironmentLoss {
  #sinceMs: number | null = null;

  /** The end that the job comes to; null while the Environment is there, or may be. `nowMs` is monotonic. */
  endOf(
    sight: EnvironmentSight,
    { environmentUid, environmentName }: Pick<JobRecord, "environmentUid" | "environmentName">,
    nowMs: number,
  ): JobEnd | null {
    const isThere =
      sight.kind === "invalid" || (sight.kind === "ready" && sight.environment.uid === environmentUid);
    this.#sinceMs = isThere ? null : (this.#sinceMs ?? nowMs);
    if (this.#sinceMs === null || nowMs - this.#sinceMs < PATIENCE_MS) return null;
    const message = `Its Environment ${environmentName} was removed while it ran, against its finalizer: there are no sandboxes any more.`;
    return { condition: "Failed", reason: "ConfigError", message };
  }
}
