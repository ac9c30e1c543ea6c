import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { traceOwner } from "../bus/subjects.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";

/** An Environment as it is served to a hosted trainer at present. */
export interface ServedEnvironment {
  readonly namespace: string;
  readonly name: string;
  /** First 12 hex digits of its UID. */
  readonly environmentUid: string;
  /** Hash of its snapshot in the bucket of specs. */
  readonly specHash: string;
}

/**
 * What names a trace's one attempt on the bus. Its place is the first 64 bits of the SHA-256 of its id: what comes from outside
 * never is a subject. Two ids of one place are told apart by the log, which has the id itself.
 */
export function traceRef(environment: ServedEnvironment, traceId: string): AttemptRef {
  const { namespace, name, environmentUid, specHash } = environment;
  const digest = createHash("sha256").update(traceId).digest();
  return create(AttemptRefSchema, {
    namespace,
    jobUid: traceOwner(environmentUid),
    jobName: name,
    itemIndex: digest.readUInt32BE(0),
    sampleIndex: digest.readUInt32BE(4),
    attempt: 0,
    traceId,
    specHash,
    environmentUid,
  });
}
