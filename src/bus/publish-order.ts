import type { StreamName } from "./streams.ts";
import { parseWorkSubject } from "./subjects.ts";

/**
 * The streams whose messages a message stands on: a log and its texts under the request that ends an attempt and under its
 * outcome, the outcome of the attempt before under an assignment of the next. Where streams reach the disk each by itself,
 * those must be there before it is published, or a power cut could leave it without them.
 */
export function streamsBefore(subject: string): readonly StreamName[] {
  if (subject.startsWith("rollyard.outcomes.")) return LOG;
  const work = parseWorkSubject(subject);
  if (work === null) return NONE;
  if (work.kind !== "rollout") return LOG;
  return work.attempt > 0 ? OUTCOMES : NONE;
}

const LOG = ["blobs", "events"] as const;
const OUTCOMES = ["outcomes"] as const;
const NONE = [] as const;
