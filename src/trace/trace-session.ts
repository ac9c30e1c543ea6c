import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Logger } from "../lib/logger.ts";
import { consumedAgentMs } from "../rollout/agent-time.ts";
import { refRolloutId } from "../rollout/attempt-ref.ts";
import { newEvent } from "../rollout/events.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { RolloutObserver } from "../rollout/observer.ts";
import { toolReturned, toolRunOf } from "../rollout/run-calls.ts";
import type { AttemptState, CallReturn, CallState, RolloutState, Seal } from "../rollout/state.ts";
import { rejected } from "../rollout/tools/call-return.ts";
import type { TraceCloser } from "./trace-closer.ts";
import {
  askedTurn,
  calledEvent,
  failedEvent,
  failedTryEvent,
  killedReturn,
  startedEvent,
} from "./trace-events.ts";
import type { Append, TraceLog } from "./trace-log.ts";
import type { TraceSandbox } from "./trace-sandbox.ts";
import type { TraceSetup } from "./trace-setup.ts";
import { attemptOf, decideCall, findCall, MAX_FAILED_TRIES } from "./trace-state.ts";
import type { CallDecision, TraceCall } from "./trace-state.ts";

/** What calls of a trace are run with. */
export interface TraceSessionParts {
  readonly ref: AttemptRef;
  readonly setup: TraceSetup;
  readonly log: TraceLog;
  readonly sandbox: TraceSandbox;
  readonly closer: TraceCloser;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: RolloutObserver;
  /** This process ends: what runs is left to others. */
  readonly signal: AbortSignal;
}

/** How a call came out. */
export type CallAnswer =
  | { readonly kind: "returned"; readonly returned: CallReturn; readonly isRepeat: boolean }
  /** The rollout is over. */
  | { readonly kind: "closed"; readonly seal: Seal };

/** The tool calls of one trace in one process: each on record before it runs, and each run once however often it is asked for. */
export class TraceSession {
  readonly #parts: TraceSessionParts;
  /** By call id. */
  readonly #running = new Map<string, Promise<CallAnswer>>();

  constructor(parts: TraceSessionParts) {
    this.#parts = parts;
  }

  /** Whether calls are under way here. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /**
   * Runs a call, or joins it, or answers as it was answered before. Rejects with `trace_conflict` for another call of that id, and
   * with what infrastructure did to it (class sandbox, tool, config or internal) once that is on record.
   */
  async call(asked: TraceCall, item: JsonObject): Promise<CallAnswer> {
    const { log } = this.#parts;
    const { result, state } = await log.append((found) => this.#recording(found, asked, item));
    switch (result.kind) {
      case "answered":
        return { kind: "returned", returned: result.returned, isRepeat: true };
      case "closed":
        return result;
      case "conflict":
        throw new RollyardError("trace_conflict");
      case "known":
      case "new":
        return this.#joined(asked, { state, decision: result });
      default:
        return assertNever(result);
    }
  }

  /** What a call brings onto the record before it may run. */
  #recording(state: RolloutState, asked: TraceCall, item: JsonObject): Append<CallDecision> {
    const { ref, setup, clock } = this.#parts;
    const attempt = attemptOf(state);
    const decision = decideCall(attempt, asked);
    if (decision.kind !== "new") return { events: [], result: decision };
    const atMs = clock.nowMs();
    const opening =
      attempt === null ? [startedEvent(ref, atMs, { item, prompt: setup.promptFor(item) })] : [];
    const turn = decision.opensTurn ? [askedTurn(atMs, decision.turn, asked)] : [];
    return { events: [...opening, ...turn, calledEvent(atMs, decision, asked)], result: decision };
  }

  #joined(
    asked: TraceCall,
    recorded: { readonly state: RolloutState; readonly decision: CallDecision },
  ): Promise<CallAnswer> {
    const { callId } = asked;
    const known = this.#running.get(callId);
    if (known !== undefined) return known;
    const running = this.#run(callId, recorded).finally(() => this.#running.delete(callId));
    this.#running.set(callId, running);
    return running;
  }

  async #run(
    callId: string,
    { state, decision }: { readonly state: RolloutState; readonly decision: CallDecision },
  ): Promise<CallAnswer> {
    const attempt = attemptOf(state);
    const call = findCall(attempt, callId);
    if (attempt === null || call === undefined) throw new RollyardError("internal");
    const earlier = decision.kind === "new" ? decision.earlier : 0;
    try {
      return await this.#returned(call, await this.#runTool(attempt, call, earlier));
    } catch (thrown) {
      if (this.#parts.signal.aborted) throw thrown;
      return await this.#failed(call, toRollyardError(thrown));
    }
  }

  async #runTool(attempt: AttemptState, call: CallState, earlier: number): Promise<CallReturn> {
    const { setup, sandbox, clock, signal } = this.#parts;
    const spent = this.#spent(attempt, earlier);
    if (spent.sentence !== null) return rejected(spent.sentence, clock.nowMs());
    const { remainingMs } = spent;
    try {
      const session = setup.runsInSandbox(call.name) ? await sandbox.open() : null;
      return await setup.runTool(toolRunOf(attempt, call, { session, remainingMs, signal }));
    } catch (thrown) {
      // The rollout's own doing: were it a failure, agents would learn to escape bad grades.
      if (toRollyardError(thrown).code === "sandbox_killed") return killedReturn(clock.nowMs());
      throw thrown;
    }
  }

  /** What the rollout has left of its limits. */
  #spent(
    attempt: AttemptState,
    earlier: number,
  ): { readonly sentence: string | null; readonly remainingMs: number } {
    const { maxToolCalls, agentSeconds } = this.#parts.setup.limits;
    const remainingMs = agentSeconds * 1000 - consumedAgentMs(attempt.turns);
    if (earlier >= maxToolCalls) {
      return { sentence: `The rollout has used its ${maxToolCalls} tool calls. Answer now.`, remainingMs };
    }
    const isOver = remainingMs <= 0;
    const sentence = isOver
      ? `The rollout has used its ${agentSeconds} seconds of tool time. Answer now.`
      : null;
    return { sentence, remainingMs };
  }

  /** Puts an answer on record; the first one stands, and nothing is answered of a rollout that is over. */
  async #returned(call: CallState, returned: CallReturn): Promise<CallAnswer> {
    const { log, clock, ref, observer } = this.#parts;
    const { result } = await log.append((state): Append<CallAnswer & { readonly isFirst?: boolean }> => {
      const attempt = attemptOf(state);
      const stored = findCall(attempt, call.callId)?.returned ?? null;
      if (stored !== null) return nothing({ kind: "returned", returned: stored, isRepeat: true });
      if (attempt !== null && attempt.seal !== null) return nothing({ kind: "closed", seal: attempt.seal });
      const event = newEvent(clock.nowMs(), toolReturned(call, returned));
      return { events: [event], result: { kind: "returned", returned, isRepeat: false, isFirst: true } };
    });
    if (result.isFirst === true) observer.toolReturned(ref, call, returned);
    return result;
  }

  /** Counts a lost try, and closes the trace with the fourth. Rejects with what it was lost to. */
  async #failed(call: CallState, error: RollyardError): Promise<CallAnswer> {
    const { log, logger, ref, closer, clock } = this.#parts;
    const { result } = await log.append((state): Append<CallAnswer | "counted" | "sealed"> => {
      const attempt = attemptOf(state);
      const now = findCall(attempt, call.callId);
      if (now !== undefined && now.returned !== null) {
        return nothing({ kind: "returned", returned: now.returned, isRepeat: true });
      }
      if (attempt !== null && attempt.seal !== null) return nothing({ kind: "closed", seal: attempt.seal });
      const tries = (now?.failedTries ?? 0) + 1;
      const events = failedTry(clock.nowMs(), { call, tries, error });
      return { events, result: tries >= MAX_FAILED_TRIES ? "sealed" : "counted" };
    });
    if (typeof result === "object") return result;
    const { code, failureClass } = error;
    logger.warn("tool call lost", {
      rollout: refRolloutId(ref),
      code,
      class: failureClass,
      closes: result === "sealed",
    });
    if (result === "sealed") await closer.close(log.known);
    throw error;
  }
}

function failedTry(
  atMs: number,
  { call, tries, error }: { readonly call: CallState; readonly tries: number; readonly error: RollyardError },
): readonly RolloutEvent[] {
  const failure = failureRecord(error);
  const lost = failedTryEvent(atMs, call, failure);
  if (tries < MAX_FAILED_TRIES) return [lost];
  return [lost, failedEvent(atMs, { ...failure, evidence: { ...failure.evidence, tries: String(tries) } })];
}

function nothing<T>(result: T): Append<T> {
  return { events: [], result };
}
