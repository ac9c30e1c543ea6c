import { RollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { AttachedLog } from "./attached-log.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { failureRecord } from "./failure-record.ts";
import type { RolloutObserver } from "./observer.ts";
import { claimAfterLoss, claimOfCurrent, judgeLease } from "./recover-sandbox.ts";
import type { ClaimedSandbox } from "./recover-sandbox.ts";
import type { Recovery } from "./recovery.ts";
import type { ClaimOutcome, SandboxClaims } from "./sandbox-lease.ts";
import type { FailureRecord } from "./state.ts";

type Leased = Extract<ClaimOutcome, { kind: "leased" }>;

/** What a seat needs. */
export interface SandboxSeatDeps {
  readonly claims: SandboxClaims;
  readonly observer: RolloutObserver;
  readonly recovery: Recovery;
  /** Ends claims that wait, with `gone`. */
  readonly signal: AbortSignal;
}

/** A driver's hold on its attempt's sandbox: claimed while the model thinks, recorded once leased, replaced when lost. */
export class SandboxSeat {
  readonly #deps: SandboxSeatDeps;
  readonly #ref: AttemptRef;
  readonly #log: AttachedLog;
  readonly #stop = new AbortController();
  #claim: Promise<ClaimOutcome>;
  #leased: Leased | null = null;

  /** Claims at once. A taken-over attempt claims the sandbox on record, and another one if that is lost. */
  constructor(deps: SandboxSeatDeps, ref: AttemptRef, log: AttachedLog) {
    this.#deps = deps;
    this.#ref = ref;
    this.#log = log;
    this.#claim = this.#takeCurrent();
    // A claim that fails while the model thinks is noticed by whoever needs the session.
    this.#claim.catch(() => undefined);
  }

  /** The session, or how the claim ended instead. Rejects with `log_conflict` when the lease can't be recorded. */
  session(): Promise<ClaimOutcome> {
    return this.#claim;
  }

  /**
   * Asks the broker what became of a sandbox that fails; its answer has the true class. Resolves with null once the
   * attempt has another one, which `session` then gives.
   */
  async recover(error: RollyardError): Promise<FailureRecord | "gone" | null> {
    const failed = this.#leased;
    const isOurs = error.failureClass === "sandbox" && error.code !== "replay_diverged";
    if (!isOurs || failed === null) return failureRecord(error);
    const outcome = await this.#ask(claimAfterLoss(this.#log.attempt, this.#deps.recovery));
    if (outcome.kind === "gone") return "gone";
    if (outcome.kind === "failed") return outcome.failure;
    if (outcome.lease.sandboxUid === failed.lease.sandboxUid) {
      // It lives as far as anybody can see, and yet it fails.
      await outcome.close();
      return failureRecord(error);
    }
    await failed.close();
    this.#claim = this.#adopt(outcome);
    const adopted = await this.#claim;
    return adopted.kind === "failed" ? adopted.failure : null;
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

  async #takeCurrent(): Promise<ClaimOutcome> {
    const current = claimOfCurrent(this.#log.attempt);
    let outcome = await this.#ask(current);
    if (outcome.kind === "failed" && outcome.failure.code === "sandbox_lost") {
      const next = claimAfterLoss(this.#log.attempt, this.#deps.recovery);
      if (next.lostSandboxUid !== null) outcome = await this.#ask(next);
    }
    if (outcome.kind !== "leased") return outcome;
    if (this.#stop.signal.aborted) {
      await outcome.close();
      return { kind: "gone" };
    }
    return this.#adopt(outcome);
  }

  #ask(claimed: ClaimedSandbox): Promise<ClaimOutcome> {
    const { claims, signal } = this.#deps;
    return claims.claim(
      { ref: this.#ref, purpose: "agent", epoch: this.#log.epoch, ...claimed },
      AbortSignal.any([signal, this.#stop.signal]),
    );
  }

  /** Takes the sandbox as the attempt's, on record before anything runs in it. */
  async #adopt(outcome: Leased): Promise<ClaimOutcome> {
    const verdict = judgeLease(this.#log.attempt, outcome.lease, this.#deps.recovery);
    switch (verdict) {
      case "same":
        this.#leased = outcome;
        return outcome;
      case "new":
        this.#leased = outcome;
        await this.#recordLease(outcome);
        return outcome;
      case "lost": {
        await outcome.close();
        const details = { reason: "the broker knows it no more" };
        return { kind: "failed", failure: failureRecord(new RollyardError("sandbox_lost", { details })) };
      }
      default:
        return assertNever(verdict);
    }
  }

  async #recordLease({ lease }: Leased): Promise<void> {
    this.#deps.observer.sandboxLeased(this.#ref, lease);
    await this.#log.record([this.#log.event({ case: "sandboxLeased", value: { ...lease } })]);
  }
}
