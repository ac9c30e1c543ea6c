import type { Bus } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { attemptUsage } from "../grader/outcome-message.ts";
import { OutcomeChain } from "../grader/outcome-chain.ts";
import type { Clock } from "../lib/clock.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { EMPTY_DIGEST } from "../rollout/digest.ts";
import { EventAppender } from "../rollout/event-appender.ts";
import { newEvent } from "../rollout/events.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import type { IdSource } from "../rollout/ids.ts";
import { readRollout } from "../rollout/read-rollout.ts";
import type { AttemptState, FailureRecord, RolloutState, Seal } from "../rollout/state.ts";
import { failedOutcomeMessage } from "./failed-outcome.ts";

/** What ending attempts needs of the world. */
export interface EndDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast">;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly signal: AbortSignal;
}

/** An attempt that the controller ends. */
export interface AttemptToEnd {
  readonly ref: AttemptRef;
  readonly outcomeAfter: number;
  readonly failure: FailureRecord;
}

/**
 * Records the `failed` outcome of an attempt, unless it has one. `unlessSealed` leaves alone an attempt that stopped
 * by itself (its grade request is on its way); else an unsealed log is sealed first, which fences its driver.
 * Resolves with false when it was left alone or had ended before.
 */
export async function endAttempt(
  deps: EndDeps,
  end: AttemptToEnd,
  options: { readonly unlessSealed: boolean },
): Promise<boolean> {
  const sealed = await sealLog(deps, end);
  if (options.unlessSealed && sealed.seal?.kind === "stopped") return false;
  // The log's own seal is the truth; a request only says where to look.
  const failure = sealed.seal?.kind === "failed" ? sealed.seal.failure : end.failure;
  return recordFailed(deps, { ...end, failure }, sealed);
}

interface SealedLog {
  readonly seal: Seal | null;
  readonly attempt: AttemptState | null;
  readonly lastSequence: number;
}

/** Seals the attempt's log if nobody has; an attempt that never began needs no log. */
async function sealLog(deps: EndDeps, { ref, failure }: AttemptToEnd): Promise<SealedLog> {
  for (;;) {
    const state = await readFromLeader(deps, ref);
    const attempt = state.attempts.findLast((candidate) => candidate.attempt === ref.attempt) ?? null;
    if (attempt === null || attempt.seal !== null) {
      return {
        seal: attempt?.seal ?? null,
        attempt,
        lastSequence: attempt === null ? 0 : state.lastSequence,
      };
    }
    const lastSequence = await tryToSeal(deps, ref, { state, failure });
    if (lastSequence !== null) return { seal: null, attempt, lastSequence };
  }
}

/** Null when the driver appended in between: read again. */
async function tryToSeal(
  deps: EndDeps,
  ref: AttemptRef,
  found: { readonly state: RolloutState; readonly failure: FailureRecord },
): Promise<number | null> {
  const nonce = deps.ids.nonce();
  const { state, failure } = found;
  const appender = new EventAppender(
    { store: deps.bus, clock: deps.clock, signal: deps.signal },
    {
      subject: eventsSubject(ref),
      jobUid: ref.jobUid,
      nonce,
      position: { attempt: ref.attempt, messages: state.messages, digest: state.digest || EMPTY_DIGEST },
      lastSequence: state.lastSequence,
    },
  );
  try {
    return await appender.append(sealingEvents(deps.clock.nowMs(), nonce, failure));
  } catch (error) {
    const isConflict = error instanceof RollyardError && error.code === "log_conflict";
    if (isConflict && !deps.signal.aborted) return null;
    throw error;
  }
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

async function recordFailed(deps: EndDeps, end: AttemptToEnd, log: SealedLog): Promise<boolean> {
  const { ref, outcomeAfter, failure } = end;
  const task = { ref, parts: ref, attempt: ref.attempt, lastSequence: log.lastSequence, outcomeAfter };
  const chain = new OutcomeChain(deps.bus, task, deps);
  const decision = await chain.decide();
  if (decision.kind !== "open") return false;
  const message = failedOutcomeMessage({
    ref,
    failure,
    lastSequence: log.lastSequence,
    usage: log.attempt === null ? null : attemptUsage(log.attempt),
    endedAtMs: deps.clock.nowMs(),
    nonce: deps.ids.nonce(),
  });
  const recorded = await chain.record(message, decision.expectedLastSequence);
  return recorded.kind === "recorded";
}

async function readFromLeader(deps: EndDeps, ref: AttemptRef): Promise<RolloutState> {
  const last = await deps.bus.readLast("events", eventsSubject(ref), { fromLeader: true });
  for (;;) {
    const state = await readRollout(deps.bus, ref);
    if (state.lastSequence >= (last?.sequence ?? 0)) return state;
    await deps.clock.sleep(20, deps.signal);
    deps.signal.throwIfAborted();
  }
}
