import { keepBeating } from "../bus/keep-beating.ts";
import type { Bus, WorkDelivery } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import type { WorkKind } from "../bus/streams.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import type { Logger } from "../lib/logger.ts";
import type { FailureRecord } from "../rollout/state.ts";
import { untilAnswered } from "../grader/patience.ts";
import { endAttempt } from "./end-attempt.ts";
import type { AttemptToEnd, EndDeps } from "./end-attempt.ts";
import { recordFailed } from "./record-failed.ts";
import { decodeSettleRequest } from "./settle-request.ts";
import type { DecodedSettleRequest } from "./settle-request.ts";

/** What settling needs beside what ending attempts needs. */
export interface SettleDeps extends EndDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "subjects">;
  readonly logger: Logger;
}

/** Twenty of them are longer than a worker that is gone keeps its assignment. */
const RETRY_DELAY_MS = 5000;
/** How long a request that this version does not understand stays away. */
const FOREIGN_DELAY_MS = 60_000;
/** A request that comes back more often is settled without its log: reading that may be what fails. */
const MAX_DELIVERIES = 20;

/**
 * Settles one request: checks the log and records the `failed` outcome, then acks. A request by a worker stands on a
 * log sealed as failed; one by a grader on a log sealed as stopped. Never rejects.
 */
export async function settle(deps: SettleDeps, delivery: WorkDelivery): Promise<void> {
  const decoded = decodeSettleRequest(delivery.subject, delivery.payload);
  const isSetAside = delivery.deliveries > MAX_DELIVERIES;
  if (decoded.kind === "foreign" || (decoded.kind === "unreadable" && !isSetAside)) {
    deps.logger.error("settle request not understood", { subject: delivery.subject });
    await delivery.nak(FOREIGN_DELAY_MS);
    return;
  }
  const done = new AbortController();
  void keepBeating(delivery, deps.clock, done.signal);
  try {
    if (isSetAside) await endWithoutLog(deps, decoded.end, { deliveries: String(delivery.deliveries) });
    // A bus that does not answer is waited for in place: giving back would use the deliveries up.
    else await untilAnswered(() => settleRequest(deps, decoded), deps);
    await delivery.ack();
  } catch (error) {
    deps.logger.error("settling failed", { code: toRollyardError(error).code, subject: delivery.subject });
    await delivery.nak(RETRY_DELAY_MS);
  } finally {
    done.abort();
  }
}

async function settleRequest(
  deps: SettleDeps,
  request: Exclude<DecodedSettleRequest, { kind: "foreign" }>,
): Promise<void> {
  const isWorkers = request.kind === "request" && request.sender === "worker";
  try {
    const ending = await endAttempt(deps, request.end, { unlessStopped: isWorkers, sealsEmpty: true });
    if (ending === "left") await leaveToGrader(deps, request.end);
  } catch (error) {
    if (!(error instanceof RollyardError) || error.code !== "log_corrupt") throw error;
    const { details } = error;
    const facts = Object.entries(details).map(([name, value]) => [name, String(value)] as const);
    await endWithoutLog(
      deps,
      { ...request.end, failure: corrupt(request.end.failure) },
      Object.fromEntries(facts),
    );
  }
}

/**
 * A worker gave up an attempt that has stopped by itself. Its grade request counts more, if there is one; while a
 * worker still has the assignment there may be one yet. Rejects to be asked again.
 */
async function leaveToGrader(deps: SettleDeps, end: AttemptToEnd): Promise<void> {
  if (await isInWork(deps, end, "grade")) return;
  if (await isInWork(deps, end, "rollout")) {
    throw new RollyardError("log_conflict", { message: "The attempt stopped and is not closed yet." });
  }
  await endAttempt(deps, end, { unlessStopped: false, sealsEmpty: true });
}

async function isInWork(deps: SettleDeps, { ref }: AttemptToEnd, kind: WorkKind): Promise<boolean> {
  return (await deps.bus.subjects("work", workSubject(kind, ref, ref.attempt))).size > 0;
}

/** A log that does not fold can't be sealed: its attempt ends by the outcome alone, as ours. */
async function endWithoutLog(
  deps: SettleDeps,
  end: AttemptToEnd,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  const { failure } = end;
  const evidence = { ...failure.evidence, ...facts };
  const ours: FailureRecord = { ...failure, failureClass: "internal", evidence };
  await recordFailed(deps, { ...end, failure: ours }, { attempt: null, lastSequence: 0 });
}

function corrupt(failure: FailureRecord): FailureRecord {
  return { ...failure, code: "log_corrupt" };
}
