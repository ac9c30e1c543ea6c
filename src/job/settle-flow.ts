import { keepBeating } from "../bus/keep-beating.ts";
import { otherVersionDelayMs } from "../bus/other-version-delay.ts";
import type { Bus, WorkDelivery } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import type { WorkKind } from "../bus/streams.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { OVER } from "../lib/over.ts";
import type { Logger } from "../lib/logger.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { usageOnRecord } from "../rollout/attempt-usage.ts";
import type { FailureRecord } from "../rollout/state.ts";
import { untilAnswered } from "../grader/patience.ts";
import { endAttempt, sealLog } from "./end-attempt.ts";
import type { AttemptToEnd, EndDeps, SealedLog } from "./end-attempt.ts";
import { readLastMessage, readWholeLog } from "./log-end.ts";
import type { ReadLogEnd } from "./log-end.ts";
import { recordFailed } from "./record-failed.ts";
import { decodeSettleRequest } from "./settle-request.ts";
import type { DecodedSettleRequest } from "./settle-request.ts";

/** What settling needs beside what ending attempts needs. */
export interface SettleDeps extends EndDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "subjects">;
  readonly logger: Logger;
  /** Whether the job of a request is known here; without it all are. */
  readonly knows?: (job: Pick<AttemptRef, "namespace" | "jobUid">) => boolean;
}

const RETRY_DELAY_MS = 5000;
/** How long a request that this version does not understand stays away. */
/** A request that comes back more often is settled by its log's last message: reading all of it may be what fails. */
const MAX_DELIVERIES = 20;

/**
 * Settles one request: sees to it that the log is sealed and records the `failed` outcome, then acks. A request by a
 * worker stands on a log sealed as failed; one by a grader on a log sealed as stopped. Never rejects.
 */
export async function settle(deps: SettleDeps, delivery: WorkDelivery): Promise<void> {
  const decoded = decodeSettleRequest(delivery.subject, delivery.payload);
  const isSetAside = delivery.deliveries > MAX_DELIVERIES;
  if (decoded.kind === "foreign" || (decoded.kind === "unreadable" && !isSetAside)) {
    deps.logger.error("settle request not understood", { subject: delivery.subject });
    await delivery.nak(otherVersionDelayMs(delivery.deliveries));
    return;
  }
  // Its job may be read in a moment, or be gone: then its work is purged with it.
  if (deps.knows?.(decoded.end.ref) === false) return delivery.nak(RETRY_DELAY_MS);
  const done = new AbortController();
  void keepBeating(delivery, deps.clock, done.signal);
  try {
    const asked = isSetAside ? setAside(decoded, delivery.deliveries) : { ...decoded, readEnd: readWholeLog };
    // A bus that does not answer is waited for in place: giving back would use the deliveries up.
    await untilAnswered(() => settleRequest(deps, asked), deps);
    await delivery.ack();
  } catch (error) {
    const { code } = toRollyardError(error);
    deps.logger.error("settling failed", { code, subject: delivery.subject });
    await delivery.nak(code === "other_version" ? otherVersionDelayMs(delivery.deliveries) : RETRY_DELAY_MS);
  } finally {
    done.abort(OVER);
  }
}

type Readable = Exclude<DecodedSettleRequest, { kind: "foreign" }>;
type AskedToSettle = Readable & { readonly readEnd: ReadLogEnd };

/** As it was asked, but no more of the log is read than how it ends. */
function setAside(request: Readable, deliveries: number): AskedToSettle {
  const { end } = request;
  const failure = withEvidence(end.failure, { deliveries });
  return { ...request, end: { ...end, failure }, readEnd: readLastMessage };
}

async function settleRequest(deps: SettleDeps, request: AskedToSettle): Promise<void> {
  const { readEnd } = request;
  const isGraders = request.kind === "request" && request.sender === "grader";
  try {
    const end = { ...request.end, failure: unlessCorrupt(request.end.failure) };
    const ending = await endAttempt(deps, end, { unlessStopped: !isGraders, sealsEmpty: true, readEnd });
    if (ending === "left") await leaveToGrader(deps, { end, readEnd });
  } catch (error) {
    if (!(error instanceof RollyardError) || error.code !== "log_corrupt") throw error;
    await endCorrupt(deps, request.end, error);
  }
}

/** Whether a log is corrupt, which ends its rollout, is for its reading here to show; another version may be older. */
function unlessCorrupt(failure: FailureRecord): FailureRecord {
  if (failure.code !== "log_corrupt") return failure;
  return withEvidence({ ...failure, code: "internal" }, { said_code: failure.code });
}

/**
 * A worker gave up an attempt that has stopped by itself. Its grade request counts more, if there is one; while a
 * worker still has the assignment there may be one yet. Asked for in the order in which work flows, or what moves on
 * in between would look missing. Rejects to be asked again.
 */
async function leaveToGrader(
  deps: SettleDeps,
  { end, readEnd }: Pick<AskedToSettle, "end" | "readEnd">,
): Promise<void> {
  const isDriven = await isInWork(deps, end, "rollout");
  if (await isInWork(deps, end, "grade")) return;
  if (isDriven) {
    throw new RollyardError("log_conflict", { message: "The attempt stopped and is not closed yet." });
  }
  await endAttempt(deps, end, { unlessStopped: false, sealsEmpty: true, readEnd });
}

async function isInWork(deps: SettleDeps, { ref }: AttemptToEnd, kind: WorkKind): Promise<boolean> {
  return (await deps.bus.subjects("work", workSubject(kind, ref, ref.attempt))).size > 0;
}

/**
 * The attempt of a log that does not fold ends as ours. It is sealed where its last message can be read, which fences a
 * driver that goes on with what it remembers; otherwise it ends by its outcome alone.
 */
async function endCorrupt(deps: SettleDeps, end: AttemptToEnd, error: RollyardError): Promise<void> {
  const said = withEvidence(end.failure, error.details);
  const failure: FailureRecord = { ...said, failureClass: "internal", code: "log_corrupt" };
  const corrupt = { ...end, failure };
  const sealed = await sealUnfolded(deps, corrupt);
  await recordFailed(deps, corrupt, { ...sealed, usage: await usageOnRecord(deps.bus, end.ref) });
}

async function sealUnfolded(
  deps: SettleDeps,
  end: AttemptToEnd,
): Promise<Pick<SealedLog, "attempt" | "lastSequence">> {
  try {
    return await sealLog(deps, end, { sealsEmpty: true, readEnd: readLastMessage });
  } catch (error) {
    if (toRollyardError(error).code !== "log_corrupt") throw error;
    return { attempt: null, lastSequence: 0 };
  }
}

function withEvidence(failure: FailureRecord, facts: Readonly<Record<string, unknown>>): FailureRecord {
  const texts = Object.entries(facts).map(([name, value]) => [name, String(value)] as const);
  return { ...failure, evidence: { ...failure.evidence, ...Object.fromEntries(texts) } };
}
