import { checkRun, checkStreams } from "../checker/check-run.ts";
import type { Evidence } from "../checker/evidence.ts";
import type { Finding } from "../checker/finding.ts";

/** A pod of the environment, as the API server has it. */
export interface SeenPod {
  readonly name: string;
  readonly sandboxUid: string;
  readonly isReady: boolean;
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
  /** Whether the job's results were written down. */
  readonly isRecorded: boolean;
  /** After the job's end, when everything had time to go. */
  readonly pods: readonly SeenPod[];
  /** Sandboxes that the environment keeps ready. */
  readonly warmReplicas: number;
  readonly status: SeenStatus;
}

/** Everything that is wrong with a job that ended; nothing for one that kept the promise. */
export function checkCluster(seen: ClusterEvidence): readonly Finding[] {
  const { evidence, isRecorded } = seen;
  return [
    ...(isRecorded ? checkRun(evidence) : checkStreams(evidence)),
    ...checkLeases(evidence),
    ...checkPods(seen),
    ...checkStatus(seen),
  ];
}

/** A sandbox belongs to one attempt for ever. */
function checkLeases({ logs }: Evidence): readonly Finding[] {
  const holders = [...logs].flatMap(([rollout, { attempts }]) =>
    attempts.flatMap(({ attempt, sandboxes }) =>
      [...new Set(sandboxes)].map((uid) => ({ uid, holder: `${rollout}/${attempt}` })),
    ),
  );
  const twice = [...Map.groupBy(holders, ({ uid }) => uid)].filter(([, all]) => all.length > 1);
  return twice.map(([uid, all]) => ({
    kind: "duplicated",
    what: `sandbox ${uid} was leased to ${all.map(({ holder }) => holder).join(" and ")}`,
  }));
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
    ...checkPool(live.filter(({ isReady }) => isReady).length, { live: live.length, warmReplicas }),
  ];
}

/** What the environment keeps ready is there again, and nothing beside it. */
function checkPool(
  ready: number,
  { live, warmReplicas }: { readonly live: number; readonly warmReplicas: number },
): readonly Finding[] {
  if (live > warmReplicas)
    return [{ kind: "leaked sandboxes", what: `${live} pods for ${warmReplicas} to keep ready` }];
  if (ready < warmReplicas)
    return [{ kind: "lost", what: `${ready} pods are ready of ${warmReplicas} to keep so` }];
  return [];
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
