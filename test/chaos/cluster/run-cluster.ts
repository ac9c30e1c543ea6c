import { FINDING_KINDS } from "../checker/finding.ts";
import type { Finding } from "../checker/finding.ts";
import type { ChaosOptions } from "../options.ts";
import type { Progress } from "../progress.ts";
import { findingLines } from "../report-storm.ts";
import type { ScenarioResult } from "../scenario-result.ts";
import { ClusterWorld } from "./cluster-world.ts";
import type { ClusterFaultName } from "./faults.ts";
import { runFault } from "./run-fault.ts";
import type { FaultEnd } from "./run-fault.ts";

interface FaultRun extends FaultEnd {
  readonly fault: ClusterFaultName;
  readonly seconds: number;
}

/** Sandboxes at once: what a small machine runs beside a control plane. */
const PARALLELISM = 16;
/** Kept ready beside them. */
const WARM = 4;
/** The second controller's clock is this much ahead. */
const SKEW_MS = 120_000;

/** Runs a job for each fault on one control plane, and checks what each left. */
export async function runCluster(options: ChaosOptions, progress: Progress): Promise<ScenarioResult> {
  const clocksAheadMs = [0, SKEW_MS];
  const world = await ClusterWorld.start({ controllers: 2, workers: 2, graders: 2, clocksAheadMs });
  const forget = progress.onInterrupt(() => world.stop());
  const runs: FaultRun[] = [];
  try {
    await world.startServices();
    // What users download is checked as well.
    await world.startGateway();
    for (const fault of options.clusterFaults) {
      const run = await timed(world, fault, options);
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

async function timed(
  world: ClusterWorld,
  fault: ClusterFaultName,
  { rollouts, seed, latencyMs, sandboxes, parallelism: asked }: ChaosOptions,
): Promise<FaultRun> {
  const startedMs = performance.now();
  const parallelism = sandboxes === "none" ? asked : PARALLELISM;
  const warmReplicas = sandboxes === "none" ? 0 : WARM;
  const job = {
    name: fault,
    environment: fault,
    rollouts,
    parallelism,
    warmReplicas,
    seed,
    latencyMs,
    sandboxes,
  };
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  try {
    const end = await runFault(world, fault, job);
    return { fault, seconds: seconds(), ...end };
  } catch (error) {
    // The other faults are tried all the same.
    const what = `${fault}: ${error instanceof Error ? error.message : "failed"}`;
    const findings: readonly Finding[] = [{ kind: "lost", what }];
    return { fault, seconds: seconds(), attempts: 0, isComplete: false, findings };
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
