import { fromBinary } from "@bufbuild/protobuf";
import { ClaimRequestSchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { claimKey } from "./claim-key.ts";
import { isPurpose } from "./purpose.ts";
import type { Purpose } from "./purpose.ts";

/** A claim that can be served. */
export interface Claim {
  readonly key: string;
  readonly ref: AttemptRef;
  readonly purpose: Purpose;
  readonly generation: number;
  readonly lostSandboxUid: string;
  readonly epoch: bigint;
}

/** Reads a ClaimRequest; null when it names no attempt or no purpose. Throws on bytes that are no message. */
export function decodeClaim(payload: Uint8Array): Claim | null {
  const { ref, purpose, generation, lostSandboxUid, epoch } = fromBinary(ClaimRequestSchema, payload);
  if (ref === undefined || !isPurpose(purpose)) return null;
  return { key: claimKey(ref, purpose), ref, purpose, generation, lostSandboxUid, epoch };
}
