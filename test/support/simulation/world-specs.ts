import { sandboxSpecSchema } from "../../../src/environment/sandbox-spec.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import type { JobToRun } from "../../../src/job/job-runner.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";
import { RIGHT_ANSWER } from "./simulated-grading.ts";
import type { WorldShape } from "./schedule.ts";

/** The one job of every world. */
export const IDENTITY: JobIdentity = {
  namespace: "sim",
  jobName: "job",
  jobUid: "0123456789ab",
  environmentUid: "ba9876543210",
  specHash: "0".repeat(64),
  traceSeed: "seed",
};

/** Shared by all worlds: making keys is dear, and nothing depends on which they are. */
export const SIGNING_KEYS = generateSigningKeys();

/** Read once, as the schema is dear. */
export const SANDBOX_SPEC = sandboxSpecSchema.parse({});

const JOB_SPEC = rolloutJobSpecSchema.parse({
  environmentRef: { name: "env" },
  dataset: { inline: [{ answer: RIGHT_ANSWER }] },
  model: { baseURL: "http://model.invalid/v1", name: "sim" },
});

/** The job of a world. */
export function jobOf(shape: WorldShape): JobToRun {
  const { items, samplesPerItem, parallelism, maxAttempts } = shape;
  const retry = { ...JOB_SPEC.retry, maxAttempts };
  return {
    identity: IDENTITY,
    spec: { ...JOB_SPEC, samplesPerItem, parallelism, retry },
    items: Array.from({ length: items }, () => ({ answer: RIGHT_ANSWER })),
    indexes: null,
    earlierSeconds: 0,
  };
}
