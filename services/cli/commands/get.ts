import type { Command } from "commander";
import { findJob, foundJob } from "../../../src/gateway/find-job.ts";
import type { FoundJob } from "../../../src/gateway/find-job.ts";
import { jobView } from "../../../src/gateway/job-view.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { ROLLOUT_JOBS } from "../../../src/kube/api-resources.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { numberText } from "../../../src/trajectory/number-text.ts";
import { alignedTable, printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { addClusterOptions, WHICH_JOB } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { clusterJobName } from "../cluster/job-name.ts";
import { progressText, shownStatus, stateText } from "../cluster/job-status.ts";

interface GetFlags extends ClusterFlags {
  readonly allNamespaces: boolean;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard get
  rollyard get -A
  rollyard get repo-search --json

${WHICH_JOB}`;

/** Adds `rollyard get`: lists the jobs of a cluster, or tells of one. Exit code 0, 1 when the cluster does not answer, or 2. */
export function registerGet(program: Command, io: CliIo): void {
  const command = program
    .command("get")
    .description("list the jobs of a cluster, or tell of one")
    .argument("[job]", "name of a RolloutJob")
    .option("-A, --all-namespaces", "of all namespaces", false)
    .option("--json", "print a JSON object for each", false);
  addClusterOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: string | undefined, flags: GetFlags) =>
      withCluster(flags, io, (cluster) => get(cluster, { given, flags }, io)),
    );
}

async function get(
  cluster: Cluster,
  { given, flags }: { readonly given: string | undefined; readonly flags: GetFlags },
  io: CliIo,
): Promise<void> {
  if (given !== undefined) {
    const { namespace, client } = cluster;
    const job = await findJob(client, { namespace, name: clusterJobName(given) });
    return io.stdout(flags.json ? `${jsonText(jobView(job), 2)}\n` : told(job));
  }
  const jobs = await allJobs(cluster, flags.allNamespaces);
  if (flags.json) for (const job of jobs) io.stdout(`${jsonText(jobView(job))}\n`);
  else if (jobs.length === 0)
    io.stdout(`No RolloutJobs in ${flags.allNamespaces ? "the cluster" : cluster.namespace}.\n`);
  else
    io.stdout(
      `${alignedTable(
        HEADER,
        jobs.map((job) => rowOf(job, systemClock.nowMs())),
      )}\n`,
    );
}

async function allJobs({ client, namespace }: Cluster, isEverywhere: boolean): Promise<readonly FoundJob[]> {
  const place = isEverywhere ? {} : { namespace };
  const list = await client.list<KubeObject>(ROLLOUT_JOBS, place);
  if (list === null) throw new RollyardError("kube_unreachable");
  return list.items.map((object) =>
    foundJob({ namespace: object.metadata.namespace ?? "", name: object.metadata.name }, object),
  );
}

const HEADER = ["namespace", "job", "state", "total", "graded", "failed", "active", "reward", "age"];

function rowOf(job: FoundJob, nowMs: number): string[] {
  const status = shownStatus(job);
  const counts = ["total", "graded", "failed", "active"].map((phase) => String(status.rollouts[phase] ?? 0));
  return [
    job.namespace,
    job.name,
    stateText(status),
    ...counts,
    numberText(status.meanReward),
    age(job, nowMs),
  ];
}

function age({ createdAt }: FoundJob, nowMs: number): string {
  const seconds = createdAt === null ? 0 : Math.max(0, Math.round((nowMs - Date.parse(createdAt)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function told(job: FoundJob): string {
  const status = shownStatus(job);
  const lines = [
    `${job.namespace}/${job.name}: ${stateText(status)}`,
    progressText({ ...status, waiting: null }),
    ...status.conditions.map(({ type, reason, message }) => `${type} (${reason}): ${message}`),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}
