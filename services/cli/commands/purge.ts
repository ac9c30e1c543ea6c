import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob } from "../../../src/gateway/find-job.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import type { CliIo } from "../cli-io.ts";
import { addClusterOptions, WHICH_JOB } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { confirmed, deleteJob } from "../cluster/delete-job.ts";
import { clusterJobName } from "../cluster/job-name.ts";
import { shownStatus } from "../cluster/job-status.ts";

interface PurgeFlags extends ClusterFlags {
  readonly yes: boolean;
}

const EXAMPLE = `
Examples:
  rollyard purge repo-search
  rollyard purge step-1 step-2 step-3 --yes

Removes jobs that have ended, with all their records. What still runs is stopped by rollyard cancel.

${WHICH_JOB}
Exit codes: 0 done; 1 not confirmed, or the cluster does not answer; 2 bad input.
`;

/** Adds `rollyard purge`: removes ended jobs of a cluster with their records. */
export function registerPurge(program: Command, io: CliIo): void {
  const command = program
    .command("purge")
    .description("remove ended jobs of a cluster with all their results")
    .argument("<job...>", "names of RolloutJobs")
    .option("-y, --yes", "don't ask", false);
  addClusterOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: readonly string[], flags: PurgeFlags) =>
      withCluster(flags, io, (cluster) => purge(cluster, { names: given.map(clusterJobName), flags }, io)),
    );
}

async function purge(
  { client, namespace }: Cluster,
  { names, flags }: { readonly names: readonly string[]; readonly flags: PurgeFlags },
  io: CliIo,
): Promise<void> {
  const jobs = await Promise.all(names.map((name) => findJob(client, { namespace, name })));
  const running = jobs.filter((job) => shownStatus(job).end === null).map(({ name }) => name);
  if (running.length > 0) {
    throw new RollyardError("bad_input", {
      message: `${running.join(", ")} has not ended: ${io.command} cancel ${running[0] ?? ""} stops and deletes it.`,
    });
  }
  const graded = jobs.reduce((sum, job) => sum + (shownStatus(job).rollouts["graded"] ?? 0), 0);
  const what = `${names.join(", ")} in ${namespace}: ${countText(graded, "graded result")} go too.`;
  if (!(await confirmed(`${what} Remove?`, flags.yes, io))) {
    io.stderr("Nothing was removed.\n");
    return io.setExitCode(1);
  }
  for (const job of jobs) {
    await deleteJob(client, job);
    io.stdout(`${namespace}/${job.name} is removed.\n`);
  }
}
