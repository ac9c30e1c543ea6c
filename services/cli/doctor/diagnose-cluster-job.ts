import { fine, problem } from "../../../src/job/finding.ts";
import type { Finding } from "../../../src/job/finding.ts";
import type { HeldCondition, ShownStatus } from "../cluster/job-status.ts";
import { progressText } from "../cluster/job-status.ts";

/** A condition of an Environment as its status has it. */
export interface ShownCondition extends HeldCondition {
  readonly status: string;
}

/** What is looked at of a job of a cluster. */
export interface ClusterJobFacts {
  readonly job: string;
  readonly namespace: string;
  readonly status: ShownStatus;
  /** Final failed rollouts by class. */
  readonly failures: Readonly<Record<string, number>>;
  /** Conditions of its Environment; null when that is not there, or may not be looked at. */
  readonly environment: readonly ShownCondition[] | null;
  /** How the reader's shell calls this program. */
  readonly command: string;
}

/** Conditions that say only how far a job is. */
const STATES: ReadonlySet<string> = new Set(["Progressing", "Complete", "Failed", "Suspended"]);

const ADVICE: Readonly<Record<string, string>> = {
  SpecInvalid: "Mend that field: a job's spec can't be changed, so make another job.",
  EnvironmentNotFound: "Apply the Environment, or mend what its own conditions name.",
  DatasetNotFound:
    "Put the dataset where the job looks for it; `rollyard submit` with the same file uploads rows.",
  DatasetInvalid: "Mend these rows, and submit them as another job.",
  SecretNotFound: "Make the Secret, with that key, in the job's namespace.",
  RecordLost: "Restore the streams from a backup, or delete the job and make another.",
  Backpressure: "Nothing is lost meanwhile. Make room where the message says, or wait.",
};

const CLASS_ADVICE: Readonly<Record<string, string>> = {
  sandbox: "Look at the Environment's conditions, and at events of its pods (kubectl describe renv).",
  tool: "See whether the remote tool answers.",
  model: "See whether the model endpoint is up and quick enough.",
  grader: "Try the grader and its endpoint.",
  config: "Mend what the failures' reasons name; a retry of the same fails the same way.",
  internal: "It is a fault of ours: the services' logs have the time and the code.",
  cancelled: "They were cancelled with the job.",
};

/** Explains how a job of a cluster stands, its state first. Pure. */
export function diagnoseClusterJob(facts: ClusterJobFacts): readonly Finding[] {
  return [
    stateFinding(facts),
    ...heldFindings(facts),
    ...environmentFindings(facts),
    ...failureFindings(facts),
  ];
}

function stateFinding({ job, namespace, status, command }: ClusterJobFacts): Finding {
  const { end, conditions, rollouts } = status;
  const flags = `${job} -n ${namespace}`;
  if (end !== null) {
    const text = `${job} has ended: ${end.type} (${end.reason}). ${end.message}`;
    if (end.reason === "AllGraded") return fine("ended", text);
    const ungraded = (rollouts["total"] ?? 0) - (rollouts["graded"] ?? 0);
    return problem(
      "ended_ungraded",
      text,
      `${ungraded} rollouts have no reward: mend the cause, then ${command} retry ${flags}`,
    );
  }
  if (conditions.some(({ type }) => type === "Suspended")) {
    return problem(
      "suspended",
      `${job} is suspended.`,
      `It goes on with: ${command} cancel ${flags} --resume`,
    );
  }
  const hasBegun = (rollouts["total"] ?? 0) > 0;
  if (hasBegun) return fine("running", `${job} goes on: ${progressText({ ...status, waiting: null })}.`);
  if (conditions.length > 0) return fine("waiting", `${job} has not begun.`);
  return problem(
    "unseen",
    `No controller has looked at ${job} yet.`,
    "See whether a controller runs and watches this namespace: kubectl -n rollyard-system get pods",
  );
}

function heldFindings({ status }: ClusterJobFacts): readonly Finding[] {
  return status.conditions
    .filter(({ type }) => !STATES.has(type))
    .map(({ type, reason, message }) => {
      const advice = ADVICE[type] ?? "Mend what the message names.";
      return problem(type, `${type} (${reason}): ${message}`, advice);
    });
}

function environmentFindings({ environment, status }: ClusterJobFacts): readonly Finding[] {
  if (status.end !== null || environment === null) return [];
  const bad = environment.filter(({ type, status: value }) =>
    type === "Ready" ? value === "False" : value === "True",
  );
  return bad.map(({ type, reason, message }) =>
    problem(
      `environment_${type}`,
      `Its Environment: ${type} (${reason}): ${message}`,
      "Mend the Environment.",
    ),
  );
}

function failureFindings({ failures, job, namespace, command }: ClusterJobFacts): readonly Finding[] {
  return Object.entries(failures)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([failureClass, count]) => {
      const text = `${count} rollouts have failed with class ${failureClass}.`;
      if (failureClass === "cancelled") return fine("failures", text);
      const advice = CLASS_ADVICE[failureClass] ?? "Look into one of them.";
      return problem(
        "failures",
        text,
        `${advice} They are listed by ${command} results ${job} -n ${namespace}`,
      );
    });
}
