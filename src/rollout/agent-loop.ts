import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { ChatToolCall, ModelAnswer, ModelStop } from "../model/port.ts";
import type { AttachedLog } from "./attached-log.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import type { RolloutEvent } from "./events.ts";
import { failureRecord } from "./failure-record.ts";
import { rolloutIndex } from "./ids.ts";
import { textOf } from "./inline-text.ts";
import { interruption } from "./interruption.ts";
import type { LoopEnd } from "./loop-end.ts";
import { nextStep } from "./next-step.ts";
import type { NextStep } from "./next-step.ts";
import { ReadySandbox } from "./ready-sandbox.ts";
import type { ReadySandboxDeps } from "./ready-sandbox.ts";
import { runCalls } from "./run-calls.ts";
import { historyOf, sampledTurn } from "./sampled-turn.ts";

/** What the loop needs of the world. */
type AgentLoopDeps = ReadySandboxDeps;

/**
 * Drives one attempt from where its log stands to its end. Everything that it decides follows from the log, and
 * everything that it does is on record before a later step depends on it.
 */
export class AgentLoop {
  readonly #deps: AgentLoopDeps;
  readonly #ref: AttemptRef;
  readonly #log: AttachedLog;
  readonly #sandbox: ReadySandbox | null;
  /** What runs is given up. */
  readonly #leaving: AbortSignal;

  constructor(deps: AgentLoopDeps, ref: AttemptRef, log: AttachedLog) {
    this.#deps = deps;
    this.#ref = ref;
    this.#log = log;
    this.#leaving = AbortSignal.any([deps.signal, deps.drainNow]);
    this.#sandbox = deps.setup.needsSandbox ? new ReadySandbox(deps, ref, log) : null;
  }

  /** Runs to the end. Rejects with `log_conflict` when another driver took over. */
  async run(): Promise<LoopEnd> {
    for (;;) {
      const interrupted = interruption(this.#deps.signal, this.#deps.drain);
      if (interrupted !== null) return interrupted;
      const end = await this.#step(nextStep(this.#log.attempt, this.#deps.setup.limits));
      if (end !== null) return this.#beforeSeal(end);
    }
  }

  /** Kills what still runs in the sandbox when grading will read it. Only once the attempt is sealed. */
  async freeze(end: LoopEnd): Promise<void> {
    if (end.kind === "stopped" && this.#deps.setup.gradingNeedsSandbox) await this.#sandbox?.freeze();
  }

  /** Frees what the loop holds; the sandbox stays leased. */
  async close(): Promise<void> {
    await this.#sandbox?.close();
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
    const interrupted = interruption(this.#deps.signal, this.#deps.drainNow);
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
    const { setup } = this.#deps;
    const { attempt } = this.#log;
    try {
      return await setup.model.sample({
        history: historyOf(attempt),
        tools: setup.tools,
        ...(setup.responseFormat === null ? {} : { responseFormat: setup.responseFormat }),
        rolloutIndex: rolloutIndex(attempt, setup.samplesPerItem),
        remainingMs,
        signal: this.#leaving,
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
    const session = (await this.#sandbox?.session()) ?? null;
    if (session !== null && "kind" in session) return session;
    const { setup, signal, drainNow, observer } = this.#deps;
    const failure = await runCalls({
      log: this.#log,
      setup,
      calls: step.calls,
      session,
      remainingMs: step.remainingMs,
      signal: this.#leaving,
      onReturned: (call, returned) => observer.toolReturned(this.#ref, call, returned),
    });
    if (failure === null) return null;
    if (this.#sandbox !== null) return this.#sandbox.recover(failure);
    return interruption(signal, drainNow) ?? { kind: "failed", failure: failureRecord(failure) };
  }

  /** Where grading reads the agent's files, a new sandbox gets them before the attempt is sealed. */
  async #beforeSeal(end: LoopEnd): Promise<LoopEnd> {
    const isRead = end.kind === "stopped" && this.#deps.setup.gradingNeedsSandbox;
    const hasFiles = this.#log.attempt.turns.some(({ calls }) => calls.length > 0);
    if (!isRead || !hasFiles || this.#sandbox === null || end.reason === "sandbox_killed") return end;
    const session = await this.#sandbox.session();
    return "kind" in session ? session : end;
  }
}
