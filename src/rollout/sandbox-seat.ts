import type { Clock } from "../lib/clock.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { AttachedLog } from "./attached-log.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { failureRecord } from "./failure-record.ts";
import type { RolloutObserver } from "./observer.ts";
import type { ClaimOutcome, SandboxClaims } from "./sandbox-lease.ts";
import type { FailureRecord } from "./state.ts";

type Leased = Extract<ClaimOutcome, { kind: "leased" }>;

/** What a seat needs. */
export interface SandboxSeatDeps {
  readonly claims: SandboxClaims;
  readonly clock: Clock;
  readonly observer: RolloutObserver;
  readonly signal: AbortSignal;
}

/** A driver's hold on its attempt's sandbox: claimed while the model thinks, recorded once leased. */
export class SandboxSeat {
  readonly #deps: SandboxSeatDeps;
  readonly #ref: AttemptRef;
  readonly #log: AttachedLog;
  readonly #stop = new AbortController();
  readonly #claim: Promise<ClaimOutcome>;
  #leased: Leased | null = null;

  /** Claims at once. A taken-over attempt claims the sandbox of the same generation. */
  constructor(deps: SandboxSeatDeps, ref: AttemptRef, log: AttachedLog) {
    this.#deps = deps;
    this.#ref = ref;
    this.#log = log;
    this.#claim = this.#claimAndRecord();
    // A claim that fails while the model thinks is noticed by whoever needs the session.
    this.#claim.catch(() => undefined);
  }

  /** The session, or how the claim ended instead. Rejects with `log_conflict` when the lease can't be recorded. */
  session(): Promise<ClaimOutcome> {
    return this.#claim;
  }

  /** Asks the broker what became of a sandbox that fails; its answer has the true class. */
  async explainLoss(error: RollyardError): Promise<FailureRecord | "gone"> {
    const lease = this.#leased?.lease;
    if (error.failureClass !== "sandbox" || lease === undefined) return failureRecord(error);
    const outcome = await this.#deps.claims.claim(
      {
        ref: this.#ref,
        purpose: "agent",
        epoch: this.#log.epoch,
        generation: lease.generation + 1,
        lostSandboxUid: lease.sandboxUid,
      },
      this.#deps.signal,
    );
    if (outcome.kind === "gone") return "gone";
    if (outcome.kind === "failed") return outcome.failure;
    // A new sandbox within the attempt is for replay; without it the attempt ends as the error says.
    await outcome.close();
    return failureRecord(error);
  }

  /** Kills every process of the sandbox, so that grading reads what the agent left. Best effort. */
  async freeze(): Promise<void> {
    await this.#leased?.session.freeze().catch(() => undefined);
  }

  /** Gives up a claim that is still pending, and the session's connections. The lease stays. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#leased?.close();
  }

  async #claimAndRecord(): Promise<ClaimOutcome> {
    const last = this.#log.attempt.sandboxes.at(-1);
    const outcome = await this.#deps.claims.claim(
      {
        ref: this.#ref,
        purpose: "agent",
        epoch: this.#log.epoch,
        generation: last?.generation ?? 0,
        lostSandboxUid: null,
      },
      AbortSignal.any([this.#deps.signal, this.#stop.signal]),
    );
    if (outcome.kind !== "leased") return outcome;
    if (this.#stop.signal.aborted) {
      await outcome.close();
      return { kind: "gone" };
    }
    this.#leased = outcome;
    if (last?.sandboxUid !== outcome.lease.sandboxUid) await this.#recordLease(outcome);
    return outcome;
  }

  async #recordLease({ lease }: Leased): Promise<void> {
    this.#deps.observer.sandboxLeased(this.#ref, lease);
    await this.#log.record([this.#log.event({ case: "sandboxLeased", value: { ...lease } })]);
  }
}
