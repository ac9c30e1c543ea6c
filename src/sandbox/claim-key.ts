import { rolloutId } from "../rollout/ids.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Purpose } from "./purpose.ts";

/** The fields of an attempt reference that say which rollout it is; a hosted trainer's trace has no job. */
export type RolloutRef = Pick<AttemptRef, "jobUid" | "itemIndex" | "sampleIndex"> & {
  readonly traceId?: string;
};

/** The rollout's id as lease tokens carry it: `<job>-<item>-<sample>`, or the trace id where there is no job. */
export function tokenRollout(ref: RolloutRef): string {
  return ref.jobUid === "" ? (ref.traceId ?? "") : rolloutId(ref.jobUid, ref);
}

/** One rollout holds at most one sandbox a purpose. */
export function claimKey(ref: RolloutRef, purpose: Purpose): string {
  return `${tokenRollout(ref)}/${purpose}`;
}
