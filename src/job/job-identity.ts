import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import type { RolloutPlace } from "../rollout/ids.ts";

/** What names a job and its environment on the bus. */
export interface JobIdentity {
  readonly namespace: string;
  readonly jobName: string;
  /** First 12 hex digits of the job's UID. */
  readonly jobUid: string;
  /** First 12 hex digits of the environment's UID. */
  readonly environmentUid: string;
  /** SHA-256 of the snapshot of both specs. */
  readonly specHash: string;
  /** Unguessable text of the job, from which its rollouts' trace ids are made. */
  readonly traceSeed: string;
}

/** The attempt's name on the wire. A rollout keeps its trace id over attempts and dispatches. */
export function attemptRef(job: JobIdentity, place: RolloutPlace, attempt: number): AttemptRef {
  return create(AttemptRefSchema, {
    namespace: job.namespace,
    jobUid: job.jobUid,
    jobName: job.jobName,
    itemIndex: place.itemIndex,
    sampleIndex: place.sampleIndex,
    attempt,
    traceId: traceIdOf(job, place),
    specHash: job.specHash,
    environmentUid: job.environmentUid,
  });
}

/** `trace_<uuid>`: a version 8 UUID (RFC 9562, custom) out of a SHA-256 of seed and place. */
function traceIdOf(job: JobIdentity, place: RolloutPlace): string {
  const text = `${job.traceSeed}/${job.jobUid}/${place.itemIndex}-${place.sampleIndex}`;
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `trace_${groups.join("-")}`;
}
