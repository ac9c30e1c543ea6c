import type { Finding } from "../checker/finding.ts";
import type { ClusterEvidence } from "./check-cluster.ts";
import type { ClusterJob } from "./cluster-job.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import { CLUSTER_FAULTS } from "./faults.ts";
import type { ClusterFault, ClusterFaultName, FaultCost } from "./faults.ts";
import { isTrue, runClusterJob } from "./run-cluster-job.ts";

/** What a fault in the middle of a job came to. */
export interface FaultEnd {
  readonly isComplete: boolean;
  /** Of all rollouts. */
  readonly attempts: number;
  readonly findings: readonly Finding[];
}

/** Part of a job that is done when its fault comes. */
const STRIKE_AFTER = 0.2;

/** Runs a job, lets the fault happen in the middle of it, and checks what it left and what it cost. */
export async function runFault(
  world: ClusterWorld,
  name: ClusterFaultName,
  job: ClusterJob,
): Promise<FaultEnd> {
  const fault: ClusterFault = CLUSTER_FAULTS[name];
  const { latencyMs = job.latencyMs } = fault;
  const end = await runClusterJob(
    world,
    { ...job, ...(latencyMs === undefined ? {} : { latencyMs }) },
    {
      sandboxdKills: fault.sandboxdKills ?? 0,
      during: async (running) => {
        await running.untilEnded(job.rollouts * STRIKE_AFTER);
        await fault.strike(world, running);
      },
    },
  );
  return {
    isComplete: isTrue(end.job, "Complete"),
    attempts: attemptsOf(end.seen),
    findings: [...end.findings, ...checkCost(fault.cost, end.seen)],
  };
}

function attemptsOf({ evidence }: ClusterEvidence): number {
  return [...evidence.outcomes.values()].flat().length;
}

/** A fault that cost nothing where it must cost something did not strike: then its zeros say nothing. */
function checkCost(cost: FaultCost, seen: ClusterEvidence): readonly Finding[] {
  const { rollouts, logs, outcomes } = seen.evidence;
  const failures = [...outcomes.values()].flat().flatMap(({ failureCode }) => failureCode || []);
  switch (cost) {
    case "nothing":
      if (failures.length === 0) return [];
      return [
        {
          kind: "unexplained failures",
          what: `${failures.length} attempts of ${rollouts} rollouts were spent: ${[...new Set(failures)].join(", ")}`,
        },
      ];
    case "attempts":
      return failures.length > 0 ? [] : STRUCK_NOTHING;
    case "sandboxes": {
      const seals = [...logs.values()].flatMap(({ attempts }) => attempts.map(({ seal }) => seal));
      const isStruck = seals.some((seal) => seal?.kind === "stopped" && seal.reason === "sandbox_killed");
      return isStruck ? [] : STRUCK_NOTHING;
    }
    default:
      return cost satisfies never;
  }
}

const STRUCK_NOTHING: readonly Finding[] = [{ kind: "lost", what: "the fault struck nothing" }];
