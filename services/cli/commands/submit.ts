import type { Command } from "commander";
import { printProblems } from "../run/print-input.ts";
import type { FoundJob } from "../../../src/gateway/find-job.ts";
import type { CliIo } from "../cli-io.ts";
import { addGatewayOptions } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withClusterLater } from "../cluster/connect-cluster.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { readSubmitInput } from "../cluster/submit-input.ts";
import type { SubmitInput } from "../cluster/submit-input.ts";
import { clusterEnvironment, createObjects, uploadFile } from "../cluster/submit-to-cluster.ts";
import { watchJob } from "../cluster/watch-job.ts";
import { countText } from "../../../src/trajectory/number-text.ts";

interface SubmitFlags extends ClusterFlags {
  readonly file: readonly string[];
  readonly name?: string;
  readonly watch: boolean;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard submit -f job.yaml
  rollyard submit -f environment.yaml -f job.yaml -n research --watch
  rollyard submit -f job.yaml --name step-12 --gateway https://rollyard.example --service-account trainer

Makes the RolloutJob on the cluster. A local dataset.file is named by its SHA-256 and uploaded to the job, which waits for it; an
Environment of the files is made if it is not there. The same command again does what is left of it.

Exit codes: 0 submitted (with --watch: all have a reward); 1 it failed (with --watch: or some have none); 2 bad input.
`;

/** Adds `rollyard submit`: makes a RolloutJob on a cluster and uploads its rows. */
export function registerSubmit(program: Command, io: CliIo): void {
  const command = program
    .command("submit")
    .description("make a RolloutJob on a cluster, and upload its local dataset")
    .requiredOption(
      "-f, --file <file...>",
      "YAML or JSON files: one RolloutJob, and its Environment if it is new",
    )
    .option("--name <name>", "name of the job, instead of the file's")
    .option("-w, --watch", "then watch it to its end", false)
    .option("--json", "print the job as one JSON object", false);
  addGatewayOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((flags: SubmitFlags) => withClusterLater(flags, io, (connect) => submit(connect, flags, io)));
}

/** Whatever is wrong with the files is told without a cluster. */
async function submit(connect: () => Promise<Cluster>, flags: SubmitFlags, io: CliIo): Promise<void> {
  const { file, name, namespace } = flags;
  const read = await readSubmitInput(file, { cwd: io.cwd, name }, async (environment) =>
    clusterEnvironment(await connect(), environment),
  );
  if (!read.ok) {
    printProblems(read.problems, io);
    return io.setExitCode(2);
  }
  const { input } = read;
  const cluster = await connect();
  const place = { ...cluster, namespace: namespace ?? input.job.metadata.namespace ?? cluster.namespace };
  const tell = flags.json ? () => undefined : io.stderr;
  // A job whose rows nobody may bring would wait for ever.
  if (input.upload !== null) await cluster.gateway.signIn();
  const { job, isNew } = await createObjects(place, input);
  tell(`rolloutjob ${job.namespace}/${job.name} ${isNew ? "made" : "is there already"}${sizeText(input)}\n`);
  if (input.upload !== null) {
    await uploadFile(place, job, input.upload);
    tell("its rows are uploaded\n");
  }
  printJob(job, { rows: input.rows, flags }, io);
  if (flags.watch) io.setExitCode(await watchJob(place.client, job, io));
}

function printJob(
  { namespace, name, uid }: FoundJob,
  { rows, flags }: { readonly rows: number | null; readonly flags: SubmitFlags },
  io: CliIo,
): void {
  if (flags.json) io.stdout(`${JSON.stringify({ namespace, name, uid, rows })}\n`);
  else if (!flags.watch) io.stdout(`Follow it: ${io.command} watch ${name} -n ${namespace}\n`);
}

function sizeText({ rows, job }: SubmitInput): string {
  if (rows === null || job.spec.indexes !== undefined) return "";
  return `: ${countText(rows, "row")}, ${countText(rows * job.spec.samplesPerItem, "rollout")}`;
}
