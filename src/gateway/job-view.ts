import { listOrEmpty, objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import type { FoundJob } from "./find-job.ts";

/** A job as `GET …/jobs/<name>` tells of it. */
export function jobView({ namespace, name, uid, spec, status, createdAt }: FoundJob): JsonObject {
  return {
    namespace,
    name,
    uid,
    created_at: createdAt,
    environment: spec?.environmentRef.name ?? null,
    policy_version: spec?.policyVersion ?? null,
    samples_per_item: spec?.samplesPerItem ?? null,
    status,
  };
}

/** The conditions that hold: what a job waits for is among them. */
export function trueConditions({ status }: Pick<FoundJob, "status">): readonly JsonObject[] {
  return listOrEmpty(status["conditions"])
    .map(objectOrEmpty)
    .filter((condition) => condition["status"] === "True")
    .map(({ type, reason, message }) => ({ type, reason, message }));
}
