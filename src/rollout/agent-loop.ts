import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { Clock } from "../lib/clock.ts";
import type { ChatToolCall, ModelAnswer, ModelStop } from "../model/port.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { AttachedLog } from "./attached-log.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import type { RolloutEvent } from "./events.ts";
import { failureRecord } from "./failure-record.ts";
import { rolloutIndex } from "./ids.ts";
import { textOf } from "./inline-text.ts";
import { nextStep } from "./next-step.ts";
import type { NextStep } from "./next-step.ts";
import type { RolloutObserver } from "./observer.ts";
import { runCalls } from "./run-calls.ts";
import type { LoopEnd } from "./loop-end.ts";
import { historyOf, sampledTurn } from "./sampled-turn.ts";
import type { SandboxClaims } from "./sandbox-lease.ts";
import { SandboxSeat } from "./sandbox-seat.ts";
import type { FailureRecord } from "./state.ts";

/** What the loop needs of the world. */
export interface AgentLoopDeps {
  readonly setup: AgentSetup;
  readonly claims: SandboxClaims;
  readonly clock: Clock;
  readonly observer: RolloutObserver;
  /** Fenced, cancelled or shut down: stop at once. */
  readonly signal: AbortSignal;
  /** Drain: stop after the next record. */
  readonly drain: AbortSignal;
  /** Drain's patience is over: give up calls that are under way; whoever takes over asks for them again. */
  readonly drainNow: AbortSignal;
}

/**
 * Drives one attempt from where its log stands to its end. Everything that it decides follows from the log, and
 * everything that it does is on record before a later step depends on it.
 */
export class AgentLoop {
  readonly #deps: AgentLoopDeps;
  readonly #ref: AttemptRef;
  readonly #log: AttachedLog;
  readonly #seat: SandboxSeat | null;

  constructor(deps: AgentLoopDeps, ref: AttemptRef, log: AttachedLog) {
    this.#deps = deps;
    this.#ref = ref;
    this.#log = log;
    this.#seat = deps.setup.needsSandbox ? new SandboxSeat(deps, ref, log) : null;
  }

  /** Runs to the end. Rejects with `log_conflict` when another driver took over. */
  async run(): Promise<LoopEnd> {
    for (;;) {
      const interrupted = this.#interruption(this.#deps.drain);
      if (interrupted !== null) return interrupted;
      const end = await this.#step(nextStep(this.#log.attempt, this.#deps.setup.limits));
      if (end !== null) return end;
    }
  }

  /** Frees what the loop holds; freezes the sandbox first when grading will read it. */
  async close(end: LoopEnd): Promise<void> {
    if (end.kind === "stopped" && this.#deps.setup.gradingNeedsSandbox) await this.#seat?.freeze();
    await this.#seat?.close();
  }

  async #step(step: NextStep): Promise<LoopEnd | null> {
    switch (step.kind) {
      case "stop":
        return { kind: "stopped", reason: step.reason, evidence: {} };
      case "sample":
        return this.#sample(step.remainingMs);
      case "record_calls":
        await this.#log.record(this.#calledEvents(step.requested));
        return null;
      case "run_calls":
        return this.#runCalls(step);
      default:
        return assertNever(step);
    }
  }

  async #sample(remainingMs: number): Promise<LoopEnd | null> {
    const answer = await this.#callModel(remainingMs);
    const interrupted = this.#interruption(this.#deps.drainNow);
    if (answer instanceof RollyardError) {
      return interrupted ?? { kind: "failed", failure: failureRecord(answer) };
    }
    if (answer.kind === "stopped") return { kind: "stopped", reason: answer.reason, evidence: {} };
    this.#deps.observer.turnSampled(this.#ref, answer);
    const turn = sampledTurn(this.#log.attempt.turns.length, answer);
    const sampled = this.#log.record([this.#log.event(turn)]);
    const next = nextStep(this.#log.attempt, this.#deps.setup.limits);
    // Recorded in the same tick as the turn, the calls share its message.
    if (next.kind === "record_calls") await this.#log.record(this.#calledEvents(next.requested));
    else if (next.kind !== "stop") await sampled;
    return null;
  }

  async #callModel(remainingMs: number): Promise<ModelAnswer | ModelStop | RollyardError> {
    const { setup, signal, drainNow } = this.#deps;
    const { attempt } = this.#log;
    try {
      return await setup.model.sample({
        history: historyOf(attempt),
        tools: setup.tools,
        ...(setup.responseFormat === null ? {} : { responseFormat: setup.responseFormat }),
        rolloutIndex: rolloutIndex(attempt, setup.samplesPerItem),
        remainingMs,
        signal: AbortSignal.any([signal, drainNow]),
      });
    } catch (error) {
      return toRollyardError(error);
    }
  }

  #calledEvents(requested: readonly ChatToolCall[]): readonly RolloutEvent[] {
    const turn = this.#log.attempt.turns.length - 1;
    return requested.map((call, index) =>
      this.#log.event({
        case: "toolCalled",
        value: {
          turn,
          index,
          callId: call.id,
          name: call.function.name,
          argumentsJson: textOf(call.function.arguments),
        },
      }),
    );
  }

  async #runCalls(step: Extract<NextStep, { kind: "run_calls" }>): Promise<LoopEnd | null> {
    const session = await this.#session();
    if (session !== null && "kind" in session) return session;
    const failure = await runCalls({
      log: this.#log,
      setup: this.#deps.setup,
      calls: step.calls,
      session,
      remainingMs: step.remainingMs,
      signal: AbortSignal.any([this.#deps.signal, this.#deps.drainNow]),
      onReturned: (call, returned) => this.#deps.observer.toolReturned(this.#ref, call, returned),
    });
    if (failure === null) return null;
    return this.#interruption(this.#deps.drainNow) ?? this.#endOfLoss(failure);
  }

  async #session(): Promise<SandboxSession | null | LoopEnd> {
    if (this.#seat === null) return null;
    const outcome = await this.#seat.session();
    if (outcome.kind === "leased") return outcome.session;
    if (outcome.kind === "failed") return endOfFailure(outcome.failure);
    return this.#interruption(this.#deps.drain) ?? { kind: "dropped" };
  }

  async #endOfLoss(error: RollyardError): Promise<LoopEnd> {
    const failure = this.#seat === null ? failureRecord(error) : await this.#seat.explainLoss(error);
    return failure === "gone" ? { kind: "dropped" } : endOfFailure(failure);
  }

  /** Whether to leave the attempt: for ever, or to another worker. */
  #interruption(drain: AbortSignal): LoopEnd | null {
    if (this.#deps.signal.aborted) return { kind: "dropped" };
    return drain.aborted ? { kind: "drained" } : null;
  }
}

/** An agent that killed its own sandbox is graded: were it a failure, agents would learn to escape bad grades. */
function endOfFailure(failure: FailureRecord): LoopEnd {
  if (failure.code !== "sandbox_killed") return { kind: "failed", failure };
  return { kind: "stopped", reason: "sandbox_killed", evidence: failure.evidence };
}
