import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { findJob } from "../../../src/gateway/find-job.ts";
import { ROLLOUT_JOBS } from "../../../src/kube/api-resources.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import type { CliIo } from "../cli-io.ts";
import { addClusterOptions, WHICH_JOB } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { confirmed, deleteJob, requireDone } from "../cluster/delete-job.ts";
import { clusterJobName } from "../cluster/job-name.ts";
import { shownStatus } from "../cluster/job-status.ts";

interface CancelFlags extends ClusterFlags {
  readonly suspend: boolean;
  readonly resume: boolean;
  readonly yes: boolean;
}

const EXAMPLE = `
Examples:
  rollyard cancel repo-search
  rollyard cancel repo-search --suspend
  rollyard cancel repo-search --resume

Deletes the job with all that it has: graded results go too, so it asks first. --suspend keeps everything and stops what runs; the
job goes on with --resume. To keep results, write them into a folder before: rollyard results JOB --out DIR

${WHICH_JOB}
Exit codes: 0 done; 1 not confirmed, or the cluster does not answer; 2 bad input.
`;

/** Adds `rollyard cancel`: deletes a job of a cluster, or suspends it. */
export function registerCancel(program: Command, io: CliIo): void {
  const command = program
    .command("cancel")
    .description("delete a job of a cluster with all its results, or suspend it")
    .argument("<job>", "name of a RolloutJob")
    .option("--suspend", "only stop it, and keep everything", false)
    .option("--resume", "let a suspended job go on", false)
    .option("-y, --yes", "don't ask", false);
  addClusterOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: string, flags: CancelFlags) => {
      if (flags.suspend && flags.resume) {
        throw new RollyardError("bad_input", { message: "--suspend and --resume exclude each other." });
      }
      const name = clusterJobName(given);
      const isSwitch = flags.suspend || flags.resume;
      return withCluster(flags, io, (cluster) =>
        isSwitch
          ? suspend(cluster, { name, suspend: flags.suspend }, io)
          : cancel(cluster, { name, flags }, io),
      );
    });
}

async function suspend(
  { client, namespace }: Cluster,
  wish: { readonly name: string; readonly suspend: boolean },
  io: CliIo,
): Promise<void> {
  const place = { namespace, name: wish.name };
  requireDone(await client.patch(ROLLOUT_JOBS, place, { body: { spec: { suspend: wish.suspend } } }), place);
  io.stdout(
    wish.suspend
      ? `${namespace}/${wish.name} is suspended; results stay. It goes on with: ${io.command} cancel ${wish.name} --resume -n ${namespace}\n`
      : `${namespace}/${wish.name} goes on.\n`,
  );
}

async function cancel(
  { client, namespace }: Cluster,
  { name, flags }: { readonly name: string; readonly flags: CancelFlags },
  io: CliIo,
): Promise<void> {
  const job = await findJob(client, { namespace, name });
  const { rollouts } = shownStatus(job);
  const graded = countText(rollouts["graded"] ?? 0, "graded result");
  // A job that no controller has seen yet.
  const ofTotal = rollouts["total"] === undefined ? "" : ` of ${rollouts["total"]}`;
  const what = `${namespace}/${name} is deleted with everything: ${graded}${ofTotal} go too.`;
  if (!(await confirmed(`${what} Delete it?`, flags.yes, io))) {
    io.stderr("Nothing was deleted.\n");
    return io.setExitCode(1);
  }
  await deleteJob(client, job);
  io.stdout(`${namespace}/${name} is deleted.\n`);
}
