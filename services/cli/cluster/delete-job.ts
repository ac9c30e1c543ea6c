import { RollyardError, toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob } from "../../../src/gateway/find-job.ts";
import type { FoundJob, JobName } from "../../../src/gateway/find-job.ts";
import { ROLLOUT_JOBS } from "../../../src/kube/api-resources.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { WriteResult } from "../../../src/kube/write-result.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { CliIo } from "../cli-io.ts";

const LOOK_MS = 300;
/** Records of a large job take a while to be removed. */
const PATIENCE_MS = 120_000;

/** Asks a yes of who sits at a terminal. Throws `bad_input` where nobody does, and resolves with false for anything but yes. */
export async function confirmed(question: string, isYes: boolean, io: CliIo): Promise<boolean> {
  if (isYes) return true;
  const answer = await io.ask(`${question} [y/N] `);
  if (answer === null) {
    throw new RollyardError("bad_input", { message: `${question} Nobody can be asked here: say --yes.` });
  }
  return /^y(?:es)?$/iu.test(answer.trim());
}

/** Deletes the very job that was looked at, and waits until it and its records are gone. Rejects with `job_not_found`, `bad_input`. */
export async function deleteJob(client: Pick<KubeClient, "get" | "delete">, job: FoundJob): Promise<void> {
  const { namespace, name, uid } = job;
  const place = { namespace, name };
  requireDone(await client.delete(ROLLOUT_JOBS, place, { preconditions: { uid } }), job);
  const untilMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (await isThere(client, job)) {
    if (systemClock.monotonicMs() > untilMs) {
      throw new RollyardError("kube_unreachable", {
        message: `${namespace}/${name} is being deleted, and its records are not all gone yet: a controller does that. See kubectl describe rj ${name}.`,
      });
    }
    await systemClock.sleep(LOOK_MS);
  }
}

/** Throws for a write that the API server refused. */
export function requireDone(result: WriteResult<unknown>, { name, namespace }: JobName): void {
  switch (result.kind) {
    case "done":
      return;
    case "missing":
    case "conflict":
    case "exists":
      throw new RollyardError("job_not_found", {
        message: `The RolloutJob "${name}" of the namespace ${namespace} is another one by now, or gone.`,
      });
    case "forbidden":
    case "invalid":
      throw new RollyardError("bad_input", { message: `The cluster refuses it: ${result.message}` });
    default:
      result satisfies never;
  }
}

async function isThere(
  client: Pick<KubeClient, "get">,
  { namespace, name, uid }: FoundJob,
): Promise<boolean> {
  try {
    return (await findJob(client, { namespace, name })).uid === uid;
  } catch (thrown) {
    const error = toRollyardError(thrown);
    if (error.code === "job_not_found") return false;
    if (error.isRetryable) return true;
    throw error;
  }
}
