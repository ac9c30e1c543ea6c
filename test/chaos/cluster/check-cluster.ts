import { checkChains } from "../checker/check-outcomes.ts";
import { checkTurns } from "../checker/check-turns.ts";
import type { Evidence } from "../checker/evidence.ts";
import type { Finding } from "../checker/finding.ts";

/** A pod of the environment, as the API server has it. */
export interface SeenPod {
  readonly name: string;
  readonly sandboxUid: string;
  readonly isDeleted: boolean;
}

/** `status` of the job, as far as it is checked. */
export interface SeenStatus {
  readonly rollouts: Readonly<
    Record<"total" | "pending" | "active" | "grading" | "graded" | "failed", number>
  >;
}

/** What a job on a cluster left. */
export interface ClusterEvidence {
  readonly evidence: Evidence;
  /** After the job's end, when everything had time to go. */
  readonly pods: readonly SeenPod[];
  /** Sandboxes that the environment keeps ready. */
  readonly warmReplicas: number;
  readonly status: SeenStatus;
}

/** Everything that is wrong with a job that ended; nothing for one that kept the promise. */
export function checkCluster(seen: ClusterEvidence): readonly Finding[] {
  const { evidence } = seen;
  return [
    ...checkChains(evidence),
    ...checkTurns(evidence),
    ...checkLeases(evidence),
    ...checkPods(seen),
    ...checkStatus(seen),
  ];
}

/** A sandbox belongs to one attempt for ever; none is leased when the job is over. */
function checkLeases({ logs, retired }: Evidence): readonly Finding[] {
  const holders = [...logs].flatMap(([rollout, { attempts }]) =>
    attempts.flatMap(({ attempt, sandboxes }) =>
      [...new Set(sandboxes)].map((uid) => ({ uid, holder: `${rollout}/${attempt}` })),
    ),
  );
  const twice = [...Map.groupBy(holders, ({ uid }) => uid)].filter(([, all]) => all.length > 1);
  const leased = [...retired].filter(([, isRetired]) => !isRetired);
  return [
    ...twice.map(([uid, all]): Finding => ({
      kind: "duplicated",
      what: `sandbox ${uid} was leased to ${all.map(({ holder }) => holder).join(" and ")}`,
    })),
    ...leased.map(([uid]): Finding => ({ kind: "leaked sandboxes", what: `${uid} is still leased` })),
  ];
}

function checkPods({ pods, warmReplicas, evidence }: ClusterEvidence): readonly Finding[] {
  const used = new Set(
    [...evidence.logs.values()].flatMap(({ attempts }) => attempts.flatMap(({ sandboxes }) => sandboxes)),
  );
  const live = pods.filter(({ isDeleted }) => !isDeleted);
  const orphans = live.filter(({ sandboxUid }) => used.has(sandboxUid));
  return [
    ...orphans.map(({ name }): Finding => ({
      kind: "leaked sandboxes",
      what: `pod ${name} outlives its rollout`,
    })),
    ...(live.length <= warmReplicas
      ? []
      : [
          {
            kind: "leaked sandboxes",
            what: `${live.length} pods for ${warmReplicas} to keep ready`,
          } as const,
        ]),
  ];
}

/** The counters are those of the streams. */
function checkStatus({ status: { rollouts }, evidence }: ClusterEvidence): readonly Finding[] {
  const finals = [...evidence.outcomes.values()].map((chain) => chain.at(-1)?.outcome);
  const expected = {
    total: evidence.rollouts,
    pending: 0,
    active: 0,
    grading: 0,
    graded: finals.filter((outcome) => outcome === "graded").length,
    failed: finals.filter((outcome) => outcome === "failed").length,
  };
  return Object.entries(expected).flatMap(([name, count]): readonly Finding[] => {
    const said = rollouts[name as keyof typeof rollouts];
    return said === count ? [] : [{ kind: "invented", what: `status says ${said} ${name} for ${count}` }];
  });
}
