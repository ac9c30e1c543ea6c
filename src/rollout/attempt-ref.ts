import { RollyardError } from "../errors/rollyard-error.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { rolloutId } from "./ids.ts";

/** What names an attempt; the wire form is `AttemptRef`. */
export type { AttemptRef };

/** The attempt that a work message names. Throws `bad_input` when the message has none. */
export function requireRef(message: { readonly ref?: AttemptRef | undefined }): AttemptRef {
  if (message.ref === undefined) {
    throw new RollyardError("bad_input", { message: "A work message names no attempt." });
  }
  return message.ref;
}

/** The rollout's id in records. */
export function refRolloutId(ref: AttemptRef): string {
  return rolloutId(ref.jobUid, ref);
}

/** `<rollout id>/<attempt>`: unique over all jobs. */
export function refKey(ref: AttemptRef): string {
  return `${refRolloutId(ref)}/${ref.attempt}`;
}
