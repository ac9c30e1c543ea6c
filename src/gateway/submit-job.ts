import type { LogStore, Messenger } from "../bus/port.ts";
import { uploadedSubject } from "../bus/subjects.ts";
import { storeUpload } from "../bus/uploads.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { API_GROUP, API_VERSION, ROLLOUT_JOB_KIND } from "../kube/api-group.ts";
import { ROLLOUT_JOBS } from "../kube/api-resources.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeObject } from "../kube/kube-object.ts";
import { resourcePath } from "../kube/resource-path.ts";
import { writeResult } from "../kube/write-result.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { JsonValue } from "../lib/json.ts";
import { findJob, foundJob } from "./find-job.ts";
import type { FoundJob } from "./find-job.ts";
import type { NewJob } from "./job-request.ts";

/** What making jobs needs. */
export interface SubmitDeps {
  readonly client: Pick<KubeClient, "get">;
  /** For what is done in a caller's name. */
  readonly callers: Pick<KubeClient, "send">;
  readonly store: LogStore & Pick<Messenger, "broadcast">;
}

/** A job that is there, with its rows. */
export interface SubmittedJob {
  readonly job: FoundJob;
  /** False when the very same was there already. */
  readonly isNew: boolean;
}

const UNAUTHORIZED = 401;

/**
 * Makes a job as its submitter, so that the API server's own rules and records are about them, and stores its rows. The same
 * request again finds the job and stores what is missing. Rejects with `request_forbidden`, `request_conflict` for another job of
 * that name, `bad_input` for what the API server refuses, `stream_full`, `bus_unavailable`, `kube_unreachable` and its like.
 */
export async function submitJob(
  deps: SubmitDeps,
  namespace: string,
  { newJob, authorization }: { readonly newJob: NewJob; readonly authorization: string },
): Promise<SubmittedJob> {
  const { store } = deps;
  const made = await createAs(deps, namespace, { newJob, authorization });
  const { sha256, bytes } = newJob;
  await storeUpload(store, { jobUid: made.job.jobUid, sha256, maxBytes: bytes.length }, once(bytes));
  store.broadcast(uploadedSubject(made.job), new Uint8Array());
  return made;
}

async function createAs(
  { client, callers }: SubmitDeps,
  namespace: string,
  { newJob, authorization }: { readonly newJob: NewJob; readonly authorization: string },
): Promise<SubmittedJob> {
  const { name, labels, spec } = newJob;
  const response = await callers.send({
    method: "POST",
    path: resourcePath(ROLLOUT_JOBS, { namespace }, { fieldManager: "rollyard" }),
    body: JSON.stringify({
      apiVersion: `${API_GROUP}/${API_VERSION}`,
      kind: ROLLOUT_JOB_KIND.kind,
      metadata: { name, namespace, labels },
      spec,
    }),
    authorization,
  });
  if (response.status === UNAUTHORIZED) throw new RollyardError("request_unauthenticated");
  const result = writeResult<KubeObject>(response);
  switch (result.kind) {
    case "done":
      return { job: foundJob({ namespace, name }, result.object), isNew: true };
    case "exists":
    case "conflict":
      return { job: await sameJob(client, { namespace, newJob }), isNew: false };
    case "forbidden":
      throw new RollyardError("request_forbidden", { message: `The API server refuses: ${result.message}` });
    case "invalid":
      throw new RollyardError("bad_input", { message: `The API server refuses the job: ${result.message}` });
    case "missing":
      throw new RollyardError("bad_input", {
        message: `There is no namespace "${namespace}", or the cluster does not have Rollyard's kinds.`,
      });
    default:
      return result satisfies never;
  }
}

async function sameJob(
  client: SubmitDeps["client"],
  { namespace, newJob: { name, spec } }: { readonly namespace: string; readonly newJob: NewJob },
): Promise<FoundJob> {
  const job = await findJob(client, { namespace, name });
  if (job.spec !== null && textOf(job.spec) === textOf(spec)) return job;
  throw new RollyardError("request_conflict", {
    message: `There is another RolloutJob "${name}" in the namespace "${namespace}" already; choose another name, or delete it.`,
  });
}

function textOf(spec: NewJob["spec"]): string {
  return canonicalJson(JSON.parse(JSON.stringify(spec)) as JsonValue);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
