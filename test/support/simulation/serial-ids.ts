import type { IdSource } from "../../../src/rollout/ids.ts";

/** Ids that follow from nothing but how many there were before. */
export function serialIds(): IdSource {
  let serial = 0;
  return {
    shortUid: () => `s${(serial += 1)}`,
    traceId: () => `trace_${(serial += 1)}`,
    nonce: () => `nonce-${(serial += 1)}`,
  };
}
