import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob } from "../../../src/gateway/find-job.ts";
import { ENVIRONMENTS } from "../../../src/kube/api-resources.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { CliIo } from "../cli-io.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { shownStatus } from "../cluster/job-status.ts";
import type { ClusterJobFacts, ShownCondition } from "./diagnose-cluster-job.ts";

interface WithStatus extends KubeObject {
  readonly status?: unknown;
}

/** Gathers what the doctor looks at. Rejects with `job_not_found`, `kube_unreachable` and its like. */
export async function gatherClusterFacts(
  cluster: Pick<Cluster, "client" | "namespace">,
  name: string,
  { command }: Pick<CliIo, "command">,
): Promise<ClusterJobFacts> {
  const { namespace, client } = cluster;
  const job = await findJob(client, { namespace, name });
  const failures = Object.entries(objectOrEmpty(job.status["failures"])).flatMap(([failureClass, count]) =>
    typeof count === "number" ? [[failureClass, count] as const] : [],
  );
  return {
    job: name,
    namespace,
    status: shownStatus(job),
    failures: Object.fromEntries(failures),
    environment: await environmentConditions(cluster, job.spec?.environmentRef.name),
    command,
  };
}

async function environmentConditions(
  { client, namespace }: Pick<Cluster, "client" | "namespace">,
  name: string | undefined,
): Promise<readonly ShownCondition[] | null> {
  if (name === undefined) return null;
  const object = await client.get<WithStatus>(ENVIRONMENTS, { namespace, name }).catch((error: unknown) => {
    if (toRollyardError(error).code === "kube_refused") return null;
    throw error;
  });
  if (object === null) return null;
  return listOrEmpty(objectOrEmpty(object.status)["conditions"]).map(objectOrEmpty).map(shown);
}

function shown({ type, status, reason, message }: JsonObject): ShownCondition {
  const text = (value: unknown): string => textOrUndefined(value) ?? "";
  return { type: text(type), status: text(status), reason: text(reason), message: text(message) };
}
