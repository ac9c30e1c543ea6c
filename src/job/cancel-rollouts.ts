import { create, toBinary } from "@bufbuild/protobuf";
import type { Bus } from "../bus/port.ts";
import { controlSubject, workFilter } from "../bus/subjects.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { ControlNoticeSchema } from "../gen/rollyard/v1/requests_pb.ts";
import { inParallel } from "../lib/in-parallel.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import { attemptsInWork } from "./attempts-in-work.ts";
import { endAttempt } from "./end-attempt.ts";
import type { EndDeps } from "./end-attempt.ts";
import { attemptRef } from "./job-identity.ts";
import type { JobIdentity } from "./job-identity.ts";
import type { JobLedger } from "./job-ledger.ts";

/** Attempts that are ended at a time. */
const PARALLEL_ENDS = 64;

/** What cancelling needs of the world. */
export interface CancelDeps extends EndDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "broadcast" | "subjects" | "purge">;
}

/** Whose rollouts are cancelled, and why. */
export interface Cancelling {
  readonly identity: JobIdentity;
  readonly ledger: JobLedger;
  readonly code: ErrorCode;
}

/**
 * Ends the job's attempts on record as cancelled: those under way, so that they can go on later, or, for a code that is
 * final, everything that has no outcome yet. Rejects with `bus_unavailable`; safe to repeat.
 */
export async function cancelRollouts(
  deps: CancelDeps,
  { identity, ledger, code }: Cancelling,
): Promise<void> {
  const { bus } = deps;
  const notice = create(ControlNoticeSchema, { jobUid: identity.jobUid, code });
  bus.broadcast(controlSubject(identity.jobUid), toBinary(ControlNoticeSchema, notice));
  // An assignment whose publish was not answered may be there all the same, and in a worker's hands.
  for (const parts of await attemptsInWork(bus, identity, "rollout")) ledger.dispatched(parts, parts.attempt);
  const failure = failureRecord(new RollyardError(code));
  const isFinal = code !== "job_interrupted" && code !== "job_suspended";
  const places = [
    ...ledger.inPhase("active"),
    ...(isFinal ? [...ledger.inPhase("grading"), ...ledger.inPhase("pending")] : []),
  ];
  await inParallel(places, PARALLEL_ENDS, async (place) => {
    const { attempt, outcomeAfter, phase } = ledger.line(place);
    const ref = attemptRef(identity, place, attempt);
    // What waits for its dispatch has no slot, so nobody can begin it: its outcome is enough.
    const options = { unlessStopped: !isFinal, sealsEmpty: phase !== "pending" };
    await endAttempt(deps, { ref, outcomeAfter, failure }, options);
  });
  // Last: a slot that is purged before its outcome is stored would make its rollout look missing.
  await bus.purge("work", workFilter("rollout", identity));
  if (!isFinal) return;
  await bus.purge("work", workFilter("grade", identity));
  await bus.purge("work", workFilter("settle", identity));
}
