import { FINDING_KINDS } from "../checker/finding.ts";
import type { Finding } from "../checker/finding.ts";
import type { ChaosOptions } from "../options.ts";
import type { Progress } from "../progress.ts";
import { findingLines } from "../report-storm.ts";
import type { ScenarioResult } from "../scenario-result.ts";
import { ClusterWorld } from "./cluster-world.ts";
import { CLUSTER_FAULTS } from "./faults.ts";
import type { ClusterFault, ClusterFaultName } from "./faults.ts";
import { isTrue, runClusterJob } from "./run-cluster-job.ts";

interface FaultRun {
  readonly fault: ClusterFaultName;
  readonly seconds: number;
  readonly attempts: number;
  readonly isComplete: boolean;
  readonly findings: readonly Finding[];
}

/** Sandboxes at once: what a small machine runs beside a control plane. */
const PARALLELISM = 16;
/** The second controller's clock is this much ahead. */
const SKEW_MS = 120_000;
/** Part of a job that is done when its fault comes. */
const STRIKE_AFTER = 0.2;

/** Runs a job for each fault on one control plane, and checks what each left. */
export async function runCluster(options: ChaosOptions, progress: Progress): Promise<ScenarioResult> {
  const clocksAheadMs = [0, SKEW_MS];
  const world = await ClusterWorld.start({ controllers: 2, workers: 2, graders: 2, clocksAheadMs });
  const forget = progress.onInterrupt(() => world.stop());
  const runs: FaultRun[] = [];
  try {
    await world.startServices();
    for (const fault of options.clusterFaults) {
      const run = await runFault(world, fault, options);
      progress.say(rowOf(run));
      runs.push(run);
    }
  } finally {
    forget();
    if (options.isKept) progress.say(`kept ${await world.keepLogs()}`);
    await world.stop();
  }
  const isRight = runs.every(({ isComplete, findings }) => isComplete && findings.length === 0);
  return { text: table(runs, options), json: runs, code: isRight ? 0 : 1 };
}

async function runFault(
  world: ClusterWorld,
  name: ClusterFaultName,
  { rollouts, seed }: ChaosOptions,
): Promise<FaultRun> {
  const fault: ClusterFault = CLUSTER_FAULTS[name];
  const startedMs = performance.now();
  const job = { name, environment: name, rollouts, parallelism: PARALLELISM, seed };
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  try {
    const {
      job: ended,
      seen,
      findings,
    } = await runClusterJob(world, job, {
      sandboxdKills: fault.sandboxdKills ?? 0,
      during: async (running) => {
        await running.untilEnded(rollouts * STRIKE_AFTER);
        await fault.strike(world, running);
      },
    });
    const attempts = [...seen.evidence.outcomes.values()].flat().length;
    return { fault: name, seconds: seconds(), attempts, isComplete: isTrue(ended, "Complete"), findings };
  } catch (error) {
    // The other faults are tried all the same.
    const what = `${name}: ${error instanceof Error ? error.message : "failed"}`;
    const findings: readonly Finding[] = [{ kind: "lost", what }];
    return { fault: name, seconds: seconds(), attempts: 0, isComplete: false, findings };
  }
}

/** A line of the table. */
function rowOf({ fault, seconds, attempts, isComplete, findings }: FaultRun): string {
  const kinds = FINDING_KINDS.filter((kind) => findings.some((each) => each.kind === kind));
  const found = kinds.map((kind) => countOf(findings, kind)).join(", ");
  return [
    fault.padEnd(26),
    `${seconds.toFixed(0).padStart(6)} s${String(attempts).padStart(9)}  `,
    `${isComplete ? "Complete" : "not complete"}  ${found === "" ? "0" : found}`,
  ].join("");
}

function table(runs: readonly FaultRun[], { rollouts }: ChaosOptions): string {
  return [
    `${rollouts} rollouts a fault, on one control plane; seconds, attempts, end, findings`,
    "",
    ...runs.map(rowOf),
    ...findingLines(runs.flatMap(({ findings }) => findings)),
    "",
  ].join("\n");
}

function countOf(findings: readonly Finding[], kind: Finding["kind"]): string {
  return `${findings.filter((finding) => finding.kind === kind).length} ${kind}`;
}
