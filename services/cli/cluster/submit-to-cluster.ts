import { createReadStream } from "node:fs";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import { RollyardError, toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob, foundJob } from "../../../src/gateway/find-job.ts";
import type { FoundJob } from "../../../src/gateway/find-job.ts";
import { ENVIRONMENTS, ROLLOUT_JOBS } from "../../../src/kube/api-resources.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { ApiResource } from "../../../src/kube/resource-path.ts";
import type { WriteResult } from "../../../src/kube/write-result.ts";
import { canonicalJson } from "../../../src/lib/canonical-json.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { JsonValue } from "../../../src/lib/json.ts";
import { objectOrEmpty } from "../../../src/lib/half-valid.ts";
import type { Cluster } from "./connect-cluster.ts";
import type { SubmitInput } from "./submit-input.ts";

interface WithSpec extends KubeObject {
  readonly spec?: unknown;
}

/** The Environment of a cluster; null when there is none, or it may not be looked at. Rejects with `kube_unreachable`. */
export async function clusterEnvironment(
  { client, namespace }: Pick<Cluster, "client" | "namespace">,
  name: string,
): Promise<EnvironmentSpec | null> {
  const object = await client.get<WithSpec>(ENVIRONMENTS, { namespace, name }).catch((error: unknown) => {
    if (toRollyardError(error).code === "kube_refused") return null;
    throw error;
  });
  const parsed = environmentSpecSchema.safeParse(object?.spec);
  return parsed.success ? parsed.data : null;
}

/**
 * Makes the Environments that are not there, and the job. Resolves with the job, and whether it is new: the very same job again
 * is found. Throws `request_conflict` for an Environment or a job that is there and another, saying what to do.
 */
export async function createObjects(
  cluster: Pick<Cluster, "client" | "namespace">,
  { job, environments }: SubmitInput,
): Promise<{ readonly job: FoundJob; readonly isNew: boolean }> {
  const { client, namespace } = cluster;
  for (const { value } of environments) {
    const { name } = value.metadata;
    const made = await create(client, ENVIRONMENTS, { namespace, object: value });
    if (made !== null) continue;
    const there = await clusterEnvironment(cluster, name);
    if (there !== null && textOf(there) === textOf(value.spec)) continue;
    throw conflict(
      `The Environment "${name}" of the namespace ${namespace} is another than that of the file. kubectl apply -f changes it, for all who use it; or leave it out of -f.`,
    );
  }
  const { name } = job.metadata;
  const made = await create(client, ROLLOUT_JOBS, { namespace, object: job });
  if (made !== null) return { job: foundJob({ namespace, name }, made), isNew: true };
  const there = await findJob(client, { namespace, name });
  if (there.spec !== null && textOf(there.spec) === textOf(job.spec)) return { job: there, isNew: false };
  throw conflict(
    `There is another RolloutJob "${name}" in the namespace ${namespace} already. Give this one another name (--name), or delete that one: rollyard purge ${name}`,
  );
}

/** Null when an object of that name is there already. */
async function create(
  client: Pick<KubeClient, "create">,
  resource: ApiResource,
  { namespace, object }: { readonly namespace: string; readonly object: { readonly metadata: object } },
): Promise<KubeObject | null> {
  const { name, labels, annotations } = objectOrEmpty(object.metadata);
  const metadata = { name, namespace, labels, annotations };
  const result: WriteResult<KubeObject> = await client.create(
    resource,
    { namespace },
    { ...object, metadata },
  );
  switch (result.kind) {
    case "done":
      return result.object;
    case "exists":
    case "conflict":
      return null;
    case "missing":
      throw new RollyardError("bad_input", {
        message: `There is no namespace "${namespace}", or the cluster does not have Rollyard's kinds (rollyard crds).`,
      });
    case "forbidden":
    case "invalid":
      throw new RollyardError("bad_input", { message: `The cluster refuses it: ${result.message}` });
    default:
      return result satisfies never;
  }
}

const TRIES = 4;
const PAUSE_MS = 500;

/** Uploads a job's rows; one that breaks off is sent again. Throws `request_too_large` before anything is sent, and as the gateway does. */
export async function uploadFile(
  { gateway }: Pick<Cluster, "gateway">,
  { namespace, name, uid }: FoundJob,
  { file, sizeBytes }: NonNullable<SubmitInput["upload"]>,
): Promise<void> {
  const path = `namespaces/${namespace}/jobs/${name}`;
  const { limits } = await gateway.json({ method: "GET", path });
  const most = Number(objectOrEmpty(limits)["dataset_bytes"] ?? Number.POSITIVE_INFINITY);
  if (sizeBytes > most) {
    throw new RollyardError("request_too_large", {
      message: `${file} has ${mib(sizeBytes)} MiB, and the gateway takes ${mib(most)}. Raise its limits.datasetMiB, or put the file behind a url and name it by dataset.url.`,
    });
  }
  for (let tries = 1; ; tries += 1) {
    try {
      const body = createReadStream(file) as AsyncIterable<Buffer>;
      await gateway.json({ method: "PUT", path: `${path}/dataset`, query: { uid }, body });
      return;
    } catch (error) {
      if (!toRollyardError(error).isRetryable || tries === TRIES) throw error;
      await systemClock.sleep(PAUSE_MS * tries);
    }
  }
}

function mib(bytes: number): number {
  return Math.ceil(bytes / (1024 * 1024));
}

function conflict(message: string): RollyardError {
  return new RollyardError("request_conflict", { message });
}

function textOf(spec: object): string {
  return canonicalJson(JSON.parse(JSON.stringify(spec)) as JsonValue);
}
