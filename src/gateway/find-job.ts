import { RollyardError } from "../errors/rollyard-error.ts";
import type { RolloutJobSpec } from "../job/rollout-job.ts";
import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import { ROLLOUT_JOBS } from "../kube/api-resources.ts";
import { busUid } from "../kube/bus-uid.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeObject } from "../kube/kube-object.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";

/** Name of a RolloutJob as a request has it. */
export interface JobName {
  readonly namespace: string;
  readonly name: string;
}

/** A RolloutJob as the cluster has it now. */
export interface FoundJob extends JobName {
  readonly uid: string;
  /** As the bus has it. */
  readonly jobUid: string;
  /** Null for one that this version can't read. */
  readonly spec: RolloutJobSpec | null;
  readonly status: JsonObject;
  readonly createdAt: string | null;
}

interface JobObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Asks the API server for a job. Rejects with `job_not_found`, or `kube_unreachable` and its like. */
export async function findJob(client: Pick<KubeClient, "get">, job: JobName): Promise<FoundJob> {
  const object = await client.get<JobObject>(ROLLOUT_JOBS, job);
  if (object !== null) return foundJob(job, object);
  throw new RollyardError("job_not_found", {
    message: `There is no RolloutJob "${job.name}" in the namespace "${job.namespace}".`,
  });
}

/** What a request needs of a job's object. */
export function foundJob({ namespace, name }: JobName, object: JobObject): FoundJob {
  const { uid, creationTimestamp } = object.metadata;
  const spec = rolloutJobSpecSchema.safeParse(object.spec);
  return {
    namespace,
    name,
    uid,
    jobUid: busUid(uid),
    spec: spec.success ? spec.data : null,
    status: isJsonObject(object.status) ? object.status : {},
    createdAt: creationTimestamp ?? null,
  };
}
