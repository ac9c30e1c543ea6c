import type { Bus } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { GradingAccount } from "../grader/grading-account.ts";
import type { Clock } from "../lib/clock.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { EMPTY_DIGEST } from "../rollout/digest.ts";
import { EventAppender } from "../rollout/event-appender.ts";
import { newEvent } from "../rollout/events.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import type { IdSource } from "../rollout/ids.ts";
import type { LogPosition } from "../rollout/log-message.ts";
import { rolloutStarted } from "../rollout/rollout-started.ts";
import type { StartedAttempt } from "../rollout/rollout-started.ts";
import { sealFailure } from "../rollout/seal-failure.ts";
import type { AttemptState, FailureRecord, Seal } from "../rollout/state.ts";
import { readWholeLog } from "./log-end.ts";
import type { LogEnd, ReadLogEnd } from "./log-end.ts";
import { recordFailed } from "./record-failed.ts";

/** What ending attempts needs of the world. */
export interface EndDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast">;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly signal: AbortSignal;
  /** What a rollout's attempts are opened with. */
  readonly contentOf: (ref: AttemptRef) => Pick<StartedAttempt, "item" | "policyVersion">;
}

/** An attempt that the controller ends. */
export interface AttemptToEnd {
  readonly ref: AttemptRef;
  readonly outcomeAfter: number;
  readonly failure: FailureRecord;
  /** Of its grading, where it had one. */
  readonly account?: GradingAccount;
}

/** How an attempt's log is read and sealed. */
export interface SealOptions {
  /**
   * Seal the log also where it does not have the attempt yet: a worker may be about to begin it. Needless only for an
   * attempt that was never dispatched.
   */
  readonly sealsEmpty: boolean;
  /** The default reads the whole log. */
  readonly readEnd?: ReadLogEnd;
}

/** What of an attempt is left as it is. */
export interface EndOptions extends SealOptions {
  /** Leave alone an attempt that stopped by itself: its grade request is on its way. */
  readonly unlessStopped: boolean;
}

/** What became of it: `left` had stopped by itself, `ended` had an outcome before. */
export type AttemptEnding = "recorded" | "ended" | "left";

/**
 * Records the `failed` outcome of an attempt, unless it has one. An unsealed log is sealed first, which fences its
 * driver, or whoever would begin it.
 */
export async function endAttempt(
  deps: EndDeps,
  end: AttemptToEnd,
  options: EndOptions,
): Promise<AttemptEnding> {
  const sealed = await sealLog(deps, end, options);
  if (options.unlessStopped && sealed.seal?.kind === "stopped") return "left";
  const failure = trueFailure(end, sealed.seal);
  return (await recordFailed(deps, { ...end, failure }, sealed)) ? "recorded" : "ended";
}

/** The log's own seal is the truth; a request only says where to look. */
function trueFailure({ failure }: AttemptToEnd, seal: Seal | null): FailureRecord {
  return seal === null || seal.kind === "stopped" ? failure : sealFailure(seal);
}

/** The log of an attempt that has ended. */
export interface SealedLog {
  /** As it was found; null when we have sealed it, or it needs no seal. */
  readonly seal: Seal | null;
  readonly attempt: AttemptState | null;
  readonly lastSequence: number;
}

/** Seals an attempt's log unless it is sealed. Rejects as the reading of it does. */
export async function sealLog(deps: EndDeps, end: AttemptToEnd, options: SealOptions): Promise<SealedLog> {
  const { readEnd = readWholeLog, sealsEmpty } = options;
  const { attempt: number } = end.ref;
  for (;;) {
    const found = await readEnd(deps, end.ref);
    const { seal, attempt, lastAttempt } = found;
    // An attempt that was overtaken can't begin any more.
    const isOver = lastAttempt > number || (lastAttempt < number && !sealsEmpty);
    if (isOver) return { seal, attempt, lastSequence: attempt === null ? 0 : found.lastSequence };
    if (seal !== null) return { seal, attempt, lastSequence: found.lastSequence };
    const lastSequence = await tryToSeal(deps, end, found);
    if (lastSequence !== null) return { seal: null, attempt, lastSequence };
  }
}

/** Null when a driver appended in between: read again. */
async function tryToSeal(deps: EndDeps, end: AttemptToEnd, found: LogEnd): Promise<number | null> {
  const { ref } = end;
  const nonce = deps.ids.nonce();
  const isOpen = found.lastAttempt === ref.attempt;
  const fresh: LogPosition = { attempt: ref.attempt, messages: 0, digest: EMPTY_DIGEST };
  const appender = new EventAppender(
    { store: deps.bus, clock: deps.clock, signal: deps.signal },
    {
      subject: eventsSubject(ref),
      jobUid: ref.jobUid,
      nonce,
      position: isOpen ? found.position : fresh,
      lastSequence: found.lastSequence,
    },
  );
  const opening = isOpen ? [] : [openingEvent(deps, ref)];
  try {
    return await appender.append([...opening, ...sealingEvents(deps.clock.nowMs(), nonce, end.failure)]);
  } catch (error) {
    const isConflict = error instanceof RollyardError && error.code === "log_conflict";
    if (isConflict && !deps.signal.aborted) return null;
    throw error;
  }
}

/** An attempt that nobody has begun is opened and sealed in one message, so that its log folds like any other. */
function openingEvent(deps: EndDeps, ref: AttemptRef): RolloutEvent {
  const nowMs = deps.clock.nowMs();
  const started = rolloutStarted(ref, { ...deps.contentOf(ref), prompt: [], dispatchedAtMs: nowMs });
  return newEvent(nowMs, started);
}

function sealingEvents(atMs: number, nonce: string, failure: FailureRecord): readonly RolloutEvent[] {
  if (failure.failureClass === "cancelled") {
    return [newEvent(atMs, { case: "rolloutCancelled", value: { code: failure.code } })];
  }
  return [
    newEvent(atMs, { case: "driverAttached", value: { driver: "controller", nonce } }),
    newEvent(atMs, { case: "attemptFailed", value: { ...failure, evidence: { ...failure.evidence } } }),
  ];
}
