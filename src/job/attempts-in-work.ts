import type { BusAdmin } from "../bus/port.ts";
import { parseWorkSubject, workFilter } from "../bus/subjects.ts";
import type { WorkKind } from "../bus/streams.ts";
import type { JobIdentity } from "./job-identity.ts";

/** The attempts of a job that have a slot of a kind of work. Rejects with `bus_unavailable`. */
export async function attemptsInWork(
  bus: Pick<BusAdmin, "subjects">,
  job: Pick<JobIdentity, "namespace" | "jobUid">,
  kind: WorkKind,
): Promise<readonly NonNullable<ReturnType<typeof parseWorkSubject>>[]> {
  const subjects = await bus.subjects("work", workFilter(kind, job));
  return [...subjects.keys()].map(parseWorkSubject).filter((parts) => parts !== null);
}
