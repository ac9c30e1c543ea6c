import type { EnvironmentSpec } from "../environment/environment.ts";
import type { RolloutJobSpec } from "../job/rollout-job.ts";

/** What a run on one machine is made from. */
export interface LocalSpecs {
  readonly job: RolloutJobSpec;
  readonly environment: EnvironmentSpec;
}

/**
 * The fields that were given and are for clusters or the gateway only, as paths in their documents: a local run takes
 * them, so that its files are the very ones that a cluster takes, and says that they do nothing here.
 */
export function fieldsWithoutEffect({ job, environment }: LocalSpecs): readonly string[] {
  const { podTemplate, imagePullSecrets } = environment.sandbox;
  const { queueName, priorityClassName, priority, ttlSecondsAfterFinished } = job;
  const rows: readonly (readonly [string, boolean])[] = [
    ["sandbox.podTemplate", podTemplate !== undefined],
    ["sandbox.imagePullSecrets", imagePullSecrets !== undefined],
    ["serve.enabled", environment.serve.enabled],
    ["priority", priority !== 0],
    ["priorityClassName", priorityClassName !== undefined],
    ["queueName", queueName !== undefined],
    ["ttlSecondsAfterFinished", ttlSecondsAfterFinished !== undefined],
  ];
  return rows.filter(([, isGiven]) => isGiven).map(([path]) => `spec.${path}`);
}
