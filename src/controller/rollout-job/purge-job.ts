import { create, toBinary } from "@bufbuild/protobuf";
import type { Bus } from "../../bus/port.ts";
import { WORK_KINDS } from "../../bus/streams.ts";
import { controlSubject, outcomesFilter, specSubject, workFilter } from "../../bus/subjects.ts";
import { ControlNoticeSchema } from "../../gen/rollyard/v1/requests_pb.ts";
import { recordSubject } from "../../job/job-record.ts";
import type { RecordedJob } from "../../job/job-record.ts";

/** Whose records leave. */
export interface JobToPurge extends RecordedJob {
  /** Of its snapshot; null when it was never begun, or its record is gone. */
  readonly specHash: string | null;
}

/**
 * Removes everything of a job from the bus, in the order in which it can't come back: work, event logs, blobs, regrades,
 * then outcomes, and at last what says that the job ever was. Workers are told first. Safe to repeat; rejects with
 * `bus_unavailable`.
 */
export async function purgeJob(bus: Pick<Bus, "broadcast" | "purge">, job: JobToPurge): Promise<void> {
  const { namespace, jobUid, specHash } = job;
  const notice = create(ControlNoticeSchema, { jobUid, code: "job_deleted" });
  bus.broadcast(controlSubject(jobUid), toBinary(ControlNoticeSchema, notice));
  for (const kind of WORK_KINDS) await bus.purge("work", workFilter(kind, job));
  await bus.purge("events", `rollyard.events.${namespace}.${jobUid}.>`);
  await bus.purge("blobs", `rollyard.blobs.${jobUid}.>`);
  await bus.purge("regrades", `rollyard.regrades.${jobUid}.>`);
  await bus.purge("outcomes", outcomesFilter(job));
  if (specHash !== null) await bus.purge("specs", specSubject(specHash));
  await bus.purge("specs", recordSubject(namespace, jobUid));
}
