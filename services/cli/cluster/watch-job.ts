import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob } from "../../../src/gateway/find-job.ts";
import type { JobName } from "../../../src/gateway/find-job.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { progressText, shownStatus } from "./job-status.ts";

const LOOK_MS = 1000;

/**
 * Shows how a job goes on, a line for each change, until it ends. Resolves with 0 when all have a reward, else 1. An API server
 * that does not answer is asked again. Rejects with `job_not_found` when the job is deleted.
 */
export async function watchJob(client: Pick<KubeClient, "get">, job: JobName, io: CliIo): Promise<number> {
  let shown = "";
  for (;;) {
    const found = await findJob(client, job).catch((error: unknown) => {
      if (toRollyardError(error).isRetryable) return null;
      throw error;
    });
    const status = found === null ? null : shownStatus(found);
    const line = status === null ? "the API server does not answer" : printable(progressText(status));
    if (line !== shown) io.stderr(`${line}\n`);
    shown = line;
    if (status !== null && status.end !== null) {
      io.stdout(`${status.end.type} (${status.end.reason}): ${printable(status.end.message)}\n`);
      return status.end.reason === "AllGraded" ? 0 : 1;
    }
    await systemClock.sleep(LOOK_MS);
  }
}
