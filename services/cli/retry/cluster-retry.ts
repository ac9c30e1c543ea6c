import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob, foundJob } from "../../../src/gateway/find-job.ts";
import type { FoundJob } from "../../../src/gateway/find-job.ts";
import { formatIndexRanges, parseIndexRanges } from "../../../src/job/index-ranges.ts";
import { retryName } from "../../../src/job/retry-name.ts";
import type { RolloutJobSpec } from "../../../src/job/rollout-job.ts";
import { selectRetries, unknownItems } from "../../../src/job/select-retries.ts";
import type { FinalOutcome, RetryFilter } from "../../../src/job/select-retries.ts";
import { ROLLOUT_JOBS } from "../../../src/kube/api-resources.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { placeOfIndex } from "../../../src/rollout/ids.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { followLines } from "../cluster/follow-lines.ts";
import { shownStatus } from "../cluster/job-status.ts";
import { createObjects } from "../cluster/submit-to-cluster.ts";

/** What is run again, and how it differs from the job. */
export interface ClusterRetry {
  readonly filter: RetryFilter;
  readonly changes: {
    readonly modelUrl?: string | undefined;
    readonly model?: string | undefined;
    readonly parallelism?: number | undefined;
  };
}

/** A retry that was made; null when there was nothing to run. */
export interface MadeRetry {
  readonly retryOf: string;
  readonly job: FoundJob | null;
  readonly rollouts: number;
}

/**
 * Makes the next retry of a job of a cluster: of its rollouts that have no reward, neither of its own nor of an earlier retry.
 * Uploaded rows are copied. Throws `bad_input` while the job or a retry has not ended, or for an item that it has not.
 */
export async function retryOnCluster(
  cluster: Cluster,
  name: string,
  { filter, changes }: ClusterRetry,
): Promise<MadeRetry> {
  const { client, gateway, namespace } = cluster;
  const named = await findJob(client, { namespace, name });
  const retryOf = named.spec?.retryOf ?? name;
  const base = retryOf === name ? named : await findJob(client, { namespace, name: retryOf });
  const retries = (await jobsOf(cluster)).filter(({ spec }) => spec?.retryOf === retryOf);
  requireEnded([base, ...retries]);
  const { spec } = base;
  if (spec === null)
    throw new RollyardError("bad_input", { message: `The spec of ${retryOf} can't be read.` });
  const outcomes = await finalOutcomes(cluster, base, retries);
  requireItems(retryOf, outcomes, filter);
  const indexes = selectRetries(outcomes, spec.samplesPerItem, filter);
  if (indexes.length === 0) return { retryOf, job: null, rollouts: 0 };
  const taken = new Set((await jobsOf(cluster)).map((job) => job.name));
  const made = await createObjects(cluster, {
    job: {
      apiVersion: "rollyard.dev/v1alpha1",
      kind: "RolloutJob",
      metadata: { name: freeName(retryOf, taken) },
      spec: retrySpec(spec, { retryOf, indexes, changes }),
    },
    environments: [],
    upload: null,
    rows: null,
  });
  if (spec.dataset.blob !== undefined) {
    const path = `namespaces/${namespace}/jobs/${made.job.name}/dataset`;
    await gateway.json({ method: "PUT", path, query: { copyFrom: retryOf, uid: made.job.uid } });
  }
  return { retryOf, job: made.job, rollouts: indexes.length };
}

function retrySpec(
  spec: RolloutJobSpec,
  {
    retryOf,
    indexes,
    changes,
  }: {
    readonly retryOf: string;
    readonly indexes: readonly number[];
    readonly changes: ClusterRetry["changes"];
  },
): RolloutJobSpec {
  const { modelUrl = spec.model.baseURL, model = spec.model.name, parallelism = spec.parallelism } = changes;
  return {
    ...spec,
    retryOf,
    indexes: formatIndexRanges(indexes),
    parallelism,
    suspend: false,
    model: { ...spec.model, baseURL: modelUrl, name: model },
  };
}

async function jobsOf({ client, namespace }: Cluster): Promise<readonly FoundJob[]> {
  const list = await client.list<KubeObject>(ROLLOUT_JOBS, { namespace });
  if (list === null) throw new RollyardError("kube_unreachable");
  return list.items.map((object) => foundJob({ namespace, name: object.metadata.name }, object));
}

function requireEnded(jobs: readonly FoundJob[]): void {
  const running = jobs.filter((job) => shownStatus(job).end === null).map(({ name }) => name);
  if (running.length === 0) return;
  throw new RollyardError("bad_input", {
    message: `${running.join(", ")} has not ended: retry once it has (rollyard watch ${running[0] ?? ""}).`,
  });
}

/** Each rollout as it stands now; one without an outcome was cancelled with its job. */
async function finalOutcomes(
  cluster: Cluster,
  base: FoundJob,
  retries: readonly FoundJob[],
): Promise<readonly FinalOutcome[]> {
  const { samplesPerItem = 1, indexes } = base.spec ?? {};
  const total = shownStatus(base).rollouts["total"] ?? 0;
  const own = indexes === undefined ? [...Array(total).keys()] : parseIndexRanges(indexes);
  const classes = new Map<string, string | null>();
  for (const job of [base, ...retries]) await noteResults(cluster, job, classes);
  return own.map((index) => {
    const place = placeOfIndex(index, samplesPerItem);
    const known = classes.get(`${place.itemIndex}-${place.sampleIndex}`);
    return { ...place, failureClass: known === undefined ? "cancelled" : known };
  });
}

/** Notes the failure class of each rollout that has ended; null, for ever, for one with a reward. */
async function noteResults(
  { gateway }: Pick<Cluster, "gateway">,
  { namespace, name }: FoundJob,
  classes: Map<string, string | null>,
): Promise<void> {
  const path = `namespaces/${namespace}/jobs/${name}/results`;
  for await (const line of followLines(gateway, { path, query: {} })) {
    if (line["type"] !== "result") continue;
    const { item_index, sample_index, outcome, failure_class } = resultRecordSchema.parse(line["result"]);
    const key = `${item_index}-${sample_index}`;
    if (outcome === "graded") classes.set(key, null);
    else if (classes.get(key) !== null) classes.set(key, failure_class ?? "internal");
  }
}

function requireItems(job: string, outcomes: readonly FinalOutcome[], filter: RetryFilter): void {
  const { unknown, known } = unknownItems(outcomes, filter);
  if (unknown.length === 0) return;
  throw new RollyardError("bad_input", {
    message: `--item ${unknown.join(", ")}: no rollout of ${job} is of such an item; its items are ${formatIndexRanges(known)}.`,
  });
}

function freeName(job: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const name = retryName(job, number);
    if (!taken.has(name)) return name;
  }
}
