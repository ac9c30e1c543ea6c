import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { addClusterOptions, WHICH_JOB } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import { clusterJobName } from "../cluster/job-name.ts";
import { watchJob } from "../cluster/watch-job.ts";

const EXAMPLE = `
Examples:
  rollyard watch repo-search
  rollyard watch repo-search -n research

${WHICH_JOB}
Exit codes: 0 all rollouts have a reward; 1 the job failed, or some have none; 2 bad input.
`;

/** Adds `rollyard watch`: shows how a job of a cluster goes on. */
export function registerWatch(program: Command, io: CliIo): void {
  const command = program
    .command("watch")
    .description("show how a job of a cluster goes on, until it ends")
    .argument("<job>", "name of a RolloutJob");
  addClusterOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: string, flags: ClusterFlags) =>
      withCluster(flags, io, async ({ client, namespace }) => {
        io.setExitCode(await watchJob(client, { namespace, name: clusterJobName(given) }, io));
      }),
    );
}
