import type { BehaviourSpec } from "../world/behaviour.ts";
import { chaosItems, chaosSnapshot } from "../world/job.ts";
import type { ChaosJob, SandboxKind } from "../world/job.ts";

/** A job of the cluster's world: the chaos runs' job, as objects that a user applies. */
export interface ClusterJob {
  readonly name: string;
  readonly environment: string;
  readonly rollouts: number;
  readonly parallelism: number;
  readonly seed: number;
  readonly warmReplicas?: number;
  /** Where tools run: in pods (`process`), or at a remote endpoint, without sandboxes (`none`). */
  readonly sandboxes?: SandboxKind;
  /** Of the model. */
  readonly latencyMs?: number;
  /** Over the spec's own. */
  readonly spec?: object;
}

const API_VERSION = "rollyard.dev/v1alpha1";

/** How the simulated model plays the job's rollouts. */
export function behaviourOfJob({ seed }: ClusterJob): BehaviourSpec {
  return { seed, samplesPerItem: 1, modelFaultPercent: 0 };
}

/** The Environment that chaos jobs run in. */
export function environmentObject(job: ClusterJob, modelOrigin: string): object {
  const { environment } = chaosSnapshot(chaosJobOf(job, modelOrigin));
  // The grader's endpoint is the job's model: an environment belongs to one job here.
  const sandbox = {
    image: "registry.example/chaos:1",
    warmReplicas: job.warmReplicas ?? 0,
    startsPerSecond: 200,
    maxStarting: 32,
  };
  const { prompt, tools, limits, grader, recovery } = environment;
  const spec = { sandbox, prompt, tools, limits, grader, recovery };
  return { apiVersion: API_VERSION, kind: "Environment", metadata: { name: job.environment }, spec };
}

/** The RolloutJob. */
export function jobObject(job: ClusterJob, modelOrigin: string): object {
  const chaosJob = chaosJobOf(job, modelOrigin);
  const { model, retry } = chaosSnapshot(chaosJob).job;
  const spec = {
    environmentRef: { name: job.environment },
    dataset: { inline: chaosItems(chaosJob) },
    samplesPerItem: 1,
    parallelism: job.parallelism,
    model,
    retry,
    ...job.spec,
  };
  return { apiVersion: API_VERSION, kind: "RolloutJob", metadata: { name: job.name }, spec };
}

function chaosJobOf(job: ClusterJob, modelOrigin: string): ChaosJob {
  const { seed, rollouts, parallelism, sandboxes = "process" } = job;
  return {
    seed,
    items: rollouts,
    samplesPerItem: 1,
    parallelism,
    sandboxes,
    modelOrigin,
    setupFaultPercent: 0,
    recovery: "restart",
  };
}
