import { RollyardError } from "../../errors/rollyard-error.ts";
import { API_GROUP } from "../../kube/api-group.ts";
import { ROLLOUT_JOBS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { CachedJob } from "./cached-job.ts";

/** Keeps a deleted RolloutJob until its records are gone from the bus. */
export const JOB_FINALIZER = `${API_GROUP}/records`;

/** Adds or takes away our finalizer; another version of the object, or none, is left to the next look. */
export async function writeJobFinalizer(
  client: Pick<KubeClient, "patch">,
  { namespace, name, resourceVersion, finalizers }: CachedJob,
  isWanted: boolean,
): Promise<void> {
  const others = finalizers.filter((each) => each !== JOB_FINALIZER);
  const metadata = { resourceVersion, finalizers: isWanted ? [...others, JOB_FINALIZER] : others };
  const result = await client.patch(ROLLOUT_JOBS, { namespace, name }, { body: { metadata } });
  if (result.kind !== "forbidden" && result.kind !== "invalid") return;
  throw new RollyardError("kube_refused", {
    message: `The RolloutJob's finalizer can't be written: ${result.message}`,
  });
}
