import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { FAILURE_CLASSES, isFailureClass } from "../../../src/errors/failure-class.ts";
import { didYouMean } from "../../../src/lib/nearest-name.ts";
import { findRunFamily } from "../../../src/trajectory/run-family.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { CliIo } from "../cli-io.ts";
import { addGatewayOptions } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import { placeOfJob } from "../cluster/job-name.ts";
import { retryOnCluster } from "../retry/cluster-retry.ts";
import { retryBasis } from "../retry/retry-basis.ts";
import type { RetryBasis } from "../retry/retry-basis.ts";
import { retryInput } from "../retry/retry-input.ts";
import { addRunOptions } from "../run/add-run-options.ts";
import { printDryRun, printProblems } from "../run/print-input.ts";
import type { RunFlags } from "../run/run-flags.ts";
import { runJob } from "../run/run-job.ts";
import { wholeNumber } from "../whole-number.ts";

const EXAMPLE = `
Examples:
  rollyard retry runs/latest
  rollyard retry runs/latest --class sandbox --class model --item 3
  rollyard retry runs/latest -f changed.yaml --dry-run
  rollyard retry repo-search -n research --class model

Runs every rollout that has no reward again, as the job <job>-retry-N beside the old one; nothing of the old one
changes. What earlier retries gave a reward is not run again. Rollouts keep their item and sample numbers, and
rollyard report on the folder around both joins them.
On a cluster it is the RolloutJob <job>-retry-N; uploaded rows are copied, and what -f and --secret change there is for kubectl.
The same command again resumes a local retry that was interrupted, with the rollouts that it was begun with.

JOB is a path, or the name of a folder that is here; any other name, and rj/NAME, is a RolloutJob of the cluster of your kubeconfig.

Exit codes: 0 complete, or nothing to run; 1 it failed or left rollouts ungraded; 2 bad input; 130 interrupted.
`;

type RetryFlags = Omit<RunFlags, "out" | "items" | "samples"> &
  ClusterFlags & {
    readonly class: readonly string[];
    readonly item: readonly number[];
  };

const itemNumber = wholeNumber(0);

/** Adds `rollyard retry`: runs the failed rollouts of an ended run again, as a new job beside it. */
export function registerRetry(program: Command, io: CliIo): void {
  const command = program
    .command("retry")
    .description("run the failed rollouts of an ended run again, as a new job beside it")
    .argument("<job>", "a run folder, the folder around a job and its retries, or a RolloutJob of a cluster")
    .option(
      "-f, --file <file...>",
      "a changed Environment or RolloutJob of the same job over the same rows",
      [],
    )
    .option(
      "--class <class>",
      `only those that failed with this class: ${FAILURE_CLASSES.join(", ")}; may be repeated`,
      (value: string, before: readonly string[]) => [...before, knownClass(value)],
      [],
    )
    .option(
      "--item <n>",
      "only those of this item, counted from 0; may be repeated",
      (value: string, before: readonly number[]) => [...before, itemNumber(value)],
      [],
    );
  addGatewayOptions(addRunOptions(command))
    .addHelpText("after", EXAMPLE)
    .action(async (given: string, flags: RetryFlags) => io.setExitCode(await retry(given, flags, io)));
}

async function retry(given: string, flags: RetryFlags, io: CliIo): Promise<number> {
  const place = await placeOfJob(given, flags, io);
  if (place.kind === "cluster") return retryThere(place.name, flags, io);
  const family = await findRunFamily(place.folder);
  const basis = await retryBasis(family, { classes: flags.class, items: flags.item }, io);
  if (basis.indexes.length === 0) return tellNothing(basis, flags, io);
  const resolved = await retryInput(
    basis,
    {
      files: flags.file,
      secretFlags: flags.secret,
      overrides: {
        modelURL: flags.modelUrl,
        modelName: flags.model,
        parallelism: flags.parallelism,
      },
    },
    io,
  );
  if (!resolved.ok) {
    printProblems(resolved.problems, io);
    return 2;
  }
  if (basis.isResumed)
    io.stderr(`${basis.name} has not ended: it goes on with the rollouts of its beginning\n`);
  if (flags.dryRun) {
    printDryRun(resolved.input, flags.json, io);
    return 0;
  }
  return runJob(resolved.input, { ...flags, out: family.outer }, io);
}

async function retryThere(name: string, flags: RetryFlags, io: CliIo): Promise<number> {
  if (flags.file.length + flags.secret.length > 0 || flags.dryRun) {
    throw new RollyardError("bad_input", {
      message:
        "-f, --secret and --dry-run are for runs on this machine; on a cluster change Secrets and the Environment by kubectl apply.",
    });
  }
  const filter = { classes: flags.class, items: flags.item };
  const made = await withCluster(flags, io, (cluster) =>
    retryOnCluster(cluster, name, { filter, changes: flags }),
  );
  const { job, retryOf, rollouts } = made;
  if (job === null) return tellNothing({ retryOf }, flags, io);
  const told = {
    namespace: job.namespace,
    name: job.name,
    uid: job.uid,
    retry_of: retryOf,
    rollouts: { total: rollouts },
  };
  const text = `rolloutjob ${job.namespace}/${job.name} made: ${rollouts} rollouts of ${retryOf}. Follow it: ${io.command} watch ${job.name} -n ${job.namespace}`;
  io.stdout(flags.json ? `${JSON.stringify(told)}\n` : `${text}\n`);
  return 0;
}

function tellNothing({ retryOf }: Pick<RetryBasis, "retryOf">, flags: RetryFlags, io: CliIo): number {
  const isFiltered = flags.class.length + flags.item.length > 0;
  const which = isFiltered ? " that --class and --item let through" : "";
  const message = `Nothing to run: no rollout of ${retryOf}${which} is without a reward.`;
  io.stdout(flags.json ? `${JSON.stringify({ rollouts: { total: 0 }, message })}\n` : `${message}\n`);
  return 0;
}

function knownClass(text: string): string {
  if (isFailureClass(text)) return text;
  throw new InvalidArgumentError(
    `must be one of ${FAILURE_CLASSES.join(", ")}${didYouMean(text, FAILURE_CLASSES)}.`,
  );
}
