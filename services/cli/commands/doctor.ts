import type { Command } from "commander";
import { diagnose, needsHand } from "../../../src/job/diagnose.ts";
import type { Finding } from "../../../src/job/finding.ts";
import type { DeliveryFacts } from "../../../src/job/live-facts.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { alignedTable, printable } from "../../../src/trajectory/plain-text.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { CliIo } from "../cli-io.ts";
import { addClusterOptions } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import { placeOfJob } from "../cluster/job-name.ts";
import { gatherClusterFacts } from "../doctor/cluster-doctor.ts";
import { diagnoseClusterJob } from "../doctor/diagnose-cluster-job.ts";
import type { ClusterJobFacts } from "../doctor/diagnose-cluster-job.ts";
import { diagnoseInstallation } from "../doctor/diagnose-installation.ts";
import type { InstallationFacts } from "../doctor/diagnose-installation.ts";
import { gatherFacts } from "../doctor/gather-facts.ts";
import type { GatheredFacts } from "../doctor/gather-facts.ts";
import { gatherInstallation } from "../doctor/installation-doctor.ts";
import { readVersion } from "../read-version.ts";
import { wholeNumber } from "../whole-number.ts";

interface DoctorFlags extends ClusterFlags {
  readonly deliveries?: number;
  readonly json: boolean;
}

interface ClusterFacts extends ClusterJobFacts {
  /** Null when nothing is installed where the gateway is, or the reader may not look. */
  readonly installation: InstallationFacts | null;
}

const EXAMPLE = `
Examples:
  rollyard doctor runs/latest
  rollyard doctor runs/latest --json
  rollyard doctor runs/latest --deliveries 3
  rollyard doctor repo-search -n research

JOB is a path, or the name of a folder that is here; any other name, and rj/NAME, is a RolloutJob of the cluster of your kubeconfig.
A run folder means its job alone; the folder around a job and its retries: then it tells of the one that is
under way, else of one that has not ended, else of the newest, and counts the rollouts of all together.

Explains how a run stands and what to do: lines with ! need a hand, and → says what. A run that is under way is asked
itself; of graders that have joined it, it does not know which messages they were given more than once.
Of a cluster it also compares versions: of the services, their CRDs and this command line. It says nothing of those to
readers who may not list Deployments in the gateway's namespace (rollyard-system, else as ROLLYARD_GATEWAY_SERVICE says).

Exit codes: 0 nothing to do; 1 something needs a hand (with --deliveries: there are such messages); 2 bad input.
`;

/** Above what a few outages cost: a message that was delivered more often than this has something wrong with it. */
const MOST_DELIVERIES = 3;

/** Adds `rollyard doctor`: explains a run that is stuck, failing or has stopped. */
export function registerDoctor(program: Command, io: CliIo): void {
  const command = program
    .command("doctor")
    .description("explain how a run or a job of a cluster stands, what is wrong with it and what to do")
    .argument("<job>", "a run folder, the folder around a job and its retries, or a RolloutJob of a cluster")
    .option(
      "--deliveries <n>",
      "only list the messages that were delivered more than n times and are still there",
      wholeNumber(1),
    )
    .option("--json", "print findings and facts as one JSON object", false);
  addClusterOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (given: string, flags: DoctorFlags) => {
      const place = await placeOfJob(given, flags, io);
      if (place.kind === "cluster") {
        const version = await readVersion();
        const facts = await withCluster(flags, io, async (cluster) => ({
          ...(await gatherClusterFacts(cluster, place.name, io)),
          installation: await gatherInstallation(cluster, version),
        }));
        return io.setExitCode(tellCluster(facts, flags, io));
      }
      const mostDeliveries = flags.deliveries ?? MOST_DELIVERIES;
      const gathered = await gatherFacts(place.folder, { ...io, mostDeliveries });
      const tell = flags.deliveries === undefined ? tellFindings : tellDeliveries;
      io.setExitCode(tell(gathered, flags, io));
    });
}

function tellFindings({ member, facts }: GatheredFacts, flags: DoctorFlags, io: CliIo): number {
  const findings = diagnose(facts);
  const isHealthy = !needsHand(findings);
  if (flags.json) {
    const { job, state, recorded, recentFailures } = facts;
    const told = {
      job,
      folder: member.folder,
      healthy: isHealthy,
      findings,
      state,
      recorded,
      recentFailures,
    };
    io.stdout(`${jsonText(told, 2)}\n`);
  } else io.stdout(`${findings.flatMap(linesOf).join("\n")}\n`);
  return isHealthy ? 0 : 1;
}

function tellCluster(facts: ClusterFacts, flags: DoctorFlags, io: CliIo): number {
  if (flags.deliveries !== undefined) {
    throw new RollyardError("bad_input", { message: "--deliveries is for runs on this machine." });
  }
  const { job, namespace, status, failures, installation } = facts;
  const installed = installation === null ? [] : diagnoseInstallation(installation);
  const findings = [...diagnoseClusterJob(facts), ...installed];
  const isHealthy = !needsHand(findings);
  const { conditions } = status;
  const told = { job, namespace, healthy: isHealthy, findings, conditions, failures, installation };
  io.stdout(flags.json ? `${jsonText(told, 2)}\n` : `${findings.flatMap(linesOf).join("\n")}\n`);
  return isHealthy ? 0 : 1;
}

function linesOf({ isProblem, text, action }: Finding): readonly string[] {
  const line = (sentence: string): string => printable(sentence.replaceAll(/\s+/gu, " "));
  return [`${isProblem ? "!" : "·"} ${line(text)}`, ...(action === null ? [] : [`  → ${line(action)}`])];
}

function tellDeliveries({ facts }: GatheredFacts, flags: DoctorFlags, io: CliIo): number {
  const { state, job, mostDeliveries } = facts;
  const all = state.kind === "running" ? state.live.deliveries : [];
  const over = all.filter(({ deliveries }) => deliveries > mostDeliveries);
  if (flags.json) io.stdout(`${jsonText(over, 2)}\n`);
  else if (over.length > 0) io.stdout(`${alignedTable(HEADER, over.map(rowOf))}\n`);
  else if (state.kind !== "running") io.stdout(`${job} is not running: no message is under way.\n`);
  else io.stdout(`No message of ${job} that is under way was delivered more than ${mostDeliveries} times.\n`);
  return over.length > 0 ? 1 : 0;
}

const HEADER = ["work", "rollout", "attempt", "deliveries"];

function rowOf({ kind, rollout, attempt, deliveries }: DeliveryFacts): string[] {
  return [kind, rollout, String(attempt), String(deliveries)];
}
