import type { RollyardError } from "../errors/rollyard-error.ts";
import type { Logger } from "../lib/logger.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { AttachedLog } from "./attached-log.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { interruption } from "./interruption.ts";
import type { LoopEnd } from "./loop-end.ts";
import { nextReplay } from "./next-replay.ts";
import type { TurnReplay } from "./next-replay.ts";
import type { RolloutObserver } from "./observer.ts";
import { replayCalls } from "./replay-calls.ts";
import type { SandboxClaims } from "./sandbox-lease.ts";
import { SandboxSeat } from "./sandbox-seat.ts";
import type { FailureRecord } from "./state.ts";

/** What it needs of the world. */
export interface ReadySandboxDeps {
  readonly setup: AgentSetup;
  readonly claims: SandboxClaims;
  readonly observer: RolloutObserver;
  readonly logger: Logger;
  /** Fenced, cancelled or shut down: stop at once. */
  readonly signal: AbortSignal;
  /** Drain: stop after the next record. */
  readonly drain: AbortSignal;
  /** Drain's patience is over: give up what is under way. */
  readonly drainNow: AbortSignal;
}

/** An attempt's sandbox that has everything that is on record: a new one gets it by a replay, turn by turn. */
export class ReadySandbox {
  readonly #deps: ReadySandboxDeps;
  readonly #ref: AttemptRef;
  readonly #log: AttachedLog;
  readonly #seat: SandboxSeat;
  /** Leaves calls: for ever, or to another worker. */
  readonly #leave: AbortSignal;

  /** Claims at once; what a new sandbox lacks waits until the session is needed. */
  constructor(deps: ReadySandboxDeps, ref: AttemptRef, log: AttachedLog) {
    this.#deps = deps;
    this.#ref = ref;
    this.#log = log;
    this.#leave = AbortSignal.any([deps.signal, deps.drainNow]);
    // A claim that waits may wait for long: a drain gives it up at once, and whoever takes over claims the same sandbox.
    const handedOver = AbortSignal.any([deps.signal, deps.drain]);
    this.#seat = new SandboxSeat({ ...deps, recovery: deps.setup.recovery, signal: handedOver }, ref, log);
  }

  /** The session, after the replay that it needs; or how the attempt ends instead. Rejects with `log_conflict`. */
  async session(): Promise<SandboxSession | LoopEnd> {
    for (;;) {
      const outcome = await this.#seat.session();
      if (outcome.kind === "failed") return endOfFailure(outcome.failure);
      if (outcome.kind === "gone") return this.#dropped();
      const replay = nextReplay(this.#log.attempt, this.#deps.setup.recovery);
      if (replay === null) return outcome.session;
      const end = await this.#replay(replay, outcome.session);
      if (end !== null) return end;
    }
  }

  /** Judges a failed call: null when the attempt goes on, in another sandbox that `session` then gives. */
  async recover(error: RollyardError): Promise<LoopEnd | null> {
    const { signal, drainNow } = this.#deps;
    const interrupted = interruption(signal, drainNow);
    if (interrupted !== null) return interrupted;
    const failure = await this.#seat.recover(error);
    if (failure === null) return null;
    return failure === "gone" ? this.#dropped() : endOfFailure(failure);
  }

  /** Kills every process of the sandbox, so that grading reads what the agent left. Best effort. */
  freeze(): Promise<void> {
    return this.#seat.freeze();
  }

  /** Gives up a claim that is still pending, and the session's connections. The lease stays. */
  close(): Promise<void> {
    return this.#seat.close();
  }

  async #replay({ turn, calls }: TurnReplay, session: SandboxSession): Promise<LoopEnd | null> {
    const { setup, signal, drain } = this.#deps;
    const { recovery } = setup;
    if (recovery.kind !== "replay") return null;
    const { attempt } = this.#log;
    const round = { attempt, setup, recovery, calls, session, signal: this.#leave };
    const failure = await replayCalls(round);
    if (failure !== null) return this.recover(failure);
    const value = { turn, calls: calls.length };
    await this.#log.record([this.#log.event({ case: "sandboxReplayed", value })]);
    if (nextReplay(this.#log.attempt, recovery) === null) this.#sayReplaced();
    return interruption(signal, drain);
  }

  #sayReplaced(): void {
    const { observer, logger } = this.#deps;
    const { sandboxes, replay, itemIndex: item, sampleIndex: sample, attempt } = this.#log.attempt;
    observer.sandboxReplayed(this.#ref);
    const generation = sandboxes.at(-1)?.generation ?? 0;
    logger.info("sandbox replaced", { item, sample, attempt, generation, calls: replay?.calls ?? 0 });
  }

  #dropped(): LoopEnd {
    return interruption(this.#deps.signal, this.#deps.drain) ?? { kind: "dropped" };
  }
}

/** An agent that killed its own sandbox is graded: were it a failure, agents would learn to escape bad grades. */
function endOfFailure(failure: FailureRecord): LoopEnd {
  if (failure.code !== "sandbox_killed") return { kind: "failed", failure };
  return { kind: "stopped", reason: "sandbox_killed", evidence: failure.evidence };
}
