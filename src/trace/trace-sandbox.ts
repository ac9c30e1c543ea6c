import { RollyardError } from "../errors/rollyard-error.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { newEvent } from "../rollout/events.ts";
import { errorOfFailure } from "../rollout/failure-record.ts";
import type { RolloutObserver } from "../rollout/observer.ts";
import type { ClaimOutcome, SandboxClaims } from "../rollout/sandbox-lease.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { Append, TraceLog } from "./trace-log.ts";
import { attemptOf } from "./trace-state.ts";

type Leased = Extract<ClaimOutcome, { kind: "leased" }>;

/** What a trace's sandbox is claimed with. */
export interface TraceSandboxDeps {
  readonly claims: SandboxClaims;
  readonly observer: RolloutObserver;
  readonly clock: { nowMs(): number };
  readonly signal: AbortSignal;
}

/**
 * A replica's hold on a trace's sandbox. The broker gives every replica the same one; the log has which it is, in case that two
 * brokers gave two.
 */
export class TraceSandbox {
  readonly #deps: TraceSandboxDeps;
  readonly #ref: AttemptRef;
  readonly #log: TraceLog;
  #leased: Promise<Leased> | null = null;

  constructor(deps: TraceSandboxDeps, ref: AttemptRef, log: TraceLog) {
    this.#deps = deps;
    this.#ref = ref;
    this.#log = log;
  }

  /** The session, as long as it takes. Rejects with class sandbox or config, `sandbox_fenced` when the rollout is over. */
  async open(): Promise<SandboxSession> {
    const claiming = (this.#leased ??= this.#claim());
    try {
      return (await claiming).session;
    } catch (error) {
      // The next try asks anew.
      if (this.#leased === claiming) this.#leased = null;
      throw error;
    }
  }

  /** Drops the connections; the lease stays. Safe to repeat. */
  async close(): Promise<void> {
    const leased = this.#leased;
    this.#leased = null;
    const [claim] = await Promise.allSettled([leased]);
    if (claim.status === "fulfilled") await claim.value?.close();
  }

  /** Kills what still runs in it, so that grading reads what the rollout left. Best effort. */
  async freeze(): Promise<void> {
    const session = await this.open().catch(() => null);
    await session?.freeze().catch(() => undefined);
  }

  async #claim(): Promise<Leased> {
    const { claims, signal } = this.#deps;
    const claim = { purpose: "agent", epoch: 0, generation: 0, lostSandboxUid: null } as const;
    const outcome = await claims.claim({ ref: this.#ref, ...claim }, signal);
    if (outcome.kind === "gone") throw new RollyardError("sandbox_fenced");
    if (outcome.kind === "failed") throw errorOfFailure(outcome.failure);
    const { lease } = outcome;
    const { result } = await this.#log.append((state) => this.#recording(state, lease));
    if (result === "new") this.#deps.observer.sandboxLeased(this.#ref, lease);
    if (result !== "other") return outcome;
    await outcome.close();
    throw new RollyardError("sandbox_lost", { details: { reason: "another sandbox is the rollout's" } });
  }

  #recording(state: RolloutState, lease: Leased["lease"]): Append<"same" | "new" | "other"> {
    const attempt = attemptOf(state);
    const known = attempt?.sandboxes.at(-1);
    if (known !== undefined) {
      return { events: [], result: known.sandboxUid === lease.sandboxUid ? "same" : "other" };
    }
    // What is over needs no record of it: its sandbox is given back.
    if (attempt === null || attempt.seal !== null) return { events: [], result: "same" };
    const event = newEvent(this.#deps.clock.nowMs(), { case: "sandboxLeased", value: { ...lease } });
    return { events: [event], result: "new" };
  }
}
