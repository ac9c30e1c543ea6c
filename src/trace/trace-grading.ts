import { decodeStored } from "../bus/envelope.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import type { LogStore } from "../bus/port.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef, Outcome } from "../gen/rollyard/v1/work_pb.ts";
import { untilAnswered } from "../grader/patience.ts";
import { outcomeSummary } from "../job/outcome-summary.ts";
import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import { newEvent } from "../rollout/events.ts";
import type { CallState, FailureRecord, RolloutState } from "../rollout/state.ts";
import { OutcomeLookout } from "./outcome-lookout.ts";
import type { OutcomeNotices } from "./outcome-notices.ts";
import type { TraceCloser } from "./trace-closer.ts";
import { answeredTurn, failedEvent, nextTurn, startedEvent, stoppedEvent } from "./trace-events.ts";
import type { Append, TraceLog } from "./trace-log.ts";
import type { TraceSetup } from "./trace-setup.ts";
import { attemptOf, lostCall } from "./trace-state.ts";

/** What a trace is graded with. */
export interface TraceGradingParts {
  readonly ref: AttemptRef;
  readonly setup: TraceSetup;
  readonly log: TraceLog;
  readonly closer: TraceCloser;
  readonly store: LogStore;
  readonly notices: Pick<OutcomeNotices, "watch">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What a trainer says when it asks for the grade. */
export interface AskedGrade {
  readonly sample: JsonObject;
  readonly item: JsonObject;
}

/** A request that was stored and whose grader never had it would be waited for in vain: it is sent again, which changes nothing. */
const SEND_AGAIN_MS = 30_000;

/** The grade of one trace: the first request seals it, and each gets the one score. */
export class TraceGrading {
  readonly #parts: TraceGradingParts;

  constructor(parts: TraceGradingParts) {
    this.#parts = parts;
  }

  /**
   * The score, as long as it takes until `signal`. Rejects with `trace_failed` where there will be none, `trace_pending`,
   * `log_conflict` when its records are gone.
   */
  async grade(asked: AskedGrade, signal: AbortSignal): Promise<number> {
    const { log, notices, ref, clock } = this.#parts;
    // Before the request is sent: its outcome may be there at once.
    const lookout = new OutcomeLookout(notices, ref, { clock, signal });
    try {
      const { state, result: isOurs } = await log.append((found) => this.#sealing(found, asked));
      const ended = isOurs ? null : await this.#earlierOutcome();
      return scoreOf(ended ?? (await this.#awaited(state, lookout, signal)));
    } finally {
      lookout.stop();
    }
  }

  /** The outcome of a sealed trace, which is sent on first, and again now and then. */
  async #awaited(state: RolloutState, lookout: OutcomeLookout, signal: AbortSignal): Promise<Outcome> {
    const { clock, closer } = this.#parts;
    let sentAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (clock.monotonicMs() - sentAtMs >= SEND_AGAIN_MS) {
        await closer.close(state);
        sentAtMs = clock.monotonicMs();
      }
      // What was sent just now has no outcome yet, and that is heard of.
      await lookout.pause();
      const outcome = await this.#outcome();
      if (outcome !== null) return outcome;
    }
    throw new RollyardError("trace_pending");
  }

  /** Notes whether the trainer got the score. Best effort: the outcome stands. */
  async answered(score: number, delivered: boolean): Promise<void> {
    const { log, clock } = this.#parts;
    const event = newEvent(clock.nowMs(), { case: "gradeAnswered", value: { score, delivered } });
    await log.append(() => ({ events: [event], result: null })).catch(() => undefined);
  }

  /** True when it is sealed by this very request. */
  #sealing(state: RolloutState, asked: AskedGrade): Append<boolean> {
    const { ref, setup, clock } = this.#parts;
    const attempt = attemptOf(state);
    if (attempt !== null && attempt.seal !== null) return { events: [], result: false };
    const atMs = clock.nowMs();
    const lost = lostCall(attempt);
    if (lost !== null) return { events: [failedEvent(atMs, lostFailure(lost))], result: true };
    const { item } = asked;
    const opening =
      attempt === null ? [startedEvent(ref, atMs, { item, prompt: setup.promptFor(item) })] : [];
    const turn = answeredTurn(atMs, nextTurn(attempt), asked.sample);
    return { events: [...opening, turn, stoppedEvent(atMs, asked)], result: true };
  }

  /** Of a trace that was sealed before. Its log is remembered here, and may be gone with its outcome: no grader would find it. */
  async #earlierOutcome(): Promise<Outcome | null> {
    const outcome = await this.#outcome();
    if (outcome === null) await this.#parts.log.read();
    return outcome;
  }

  /** By any replica: one that lags behind is asked again. */
  async #outcome(): Promise<Outcome | null> {
    const { store, ref } = this.#parts;
    const ask = () => store.readLast("outcomes", outcomesSubject(ref));
    const last = await untilAnswered(ask, this.#parts);
    if (last === null || outcomeSummary(last) === null) return null;
    return decodeStored(OutcomeSchema, last.payload);
  }
}

function scoreOf({ outcome, reward, failureClass, failureCode, failureReason }: Outcome): number {
  if (outcome === "graded" && reward !== undefined) return reward;
  const message = `The rollout has failed (${failureClass}: ${failureCode}) and has no score. ${failureReason}`;
  throw new RollyardError("trace_failed", { message: message.trimEnd() });
}

function lostFailure({ failedTries = 0, lostTo }: CallState): FailureRecord {
  return {
    ...(lostTo ?? { failureClass: "internal", code: "internal" }),
    cause: "The grade was asked for while infrastructure had lost a tool call.",
    evidence: { tries: String(failedTries) },
  };
}
