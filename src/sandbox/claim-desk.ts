import type { Clock } from "../lib/clock.ts";
import { JoinedAbort } from "../lib/joined-abort.ts";
import { OVER } from "../lib/over.ts";
import { tokenRollout } from "./claim-key.ts";
import type { ClaimQueue } from "./claim-queue.ts";
import { encodeClaimAnswer, failureOfCode } from "./claim-reply.ts";
import type { ClaimAnswer } from "./claim-reply.ts";
import { decodeClaim } from "./claim-request.ts";
import type { Claim } from "./claim-request.ts";
import { formatEndpoint } from "./endpoint.ts";
import type { Holding, Holdings } from "./holdings.ts";
import { judgeHeld } from "./judge-held.ts";
import { signLeaseToken } from "./lease-token.ts";
import type { ReleasedAttempts } from "./released-attempts.ts";
import type { SigningKeySet } from "./signing-keys.ts";

/** What answers to claims are made from. */
export interface ClaimDeskOptions {
  readonly queue: ClaimQueue;
  readonly holdings: Holdings;
  readonly released: ReleasedAttempts;
  readonly clock: Clock;
  readonly keys: SigningKeySet;
  readonly tokenLifetimeMs: number | undefined;
  /** Whether the attempt may go on in a new sandbox when its own was lost. */
  readonly replacesLost: (claim: Claim) => boolean;
  /** Key of the pool that the claim is served from, or null while its job is not known. */
  readonly poolOf: (claim: Claim) => string | null;
  /** A claim has come to wait. */
  readonly onWaiting: () => void;
  /** Why a claim still waits, in a word. */
  readonly whyWaiting: () => string;
  /** Ends every waiting. */
  readonly signal: AbortSignal;
}

// Claims are answered within 5 s; the rest of it is the way there and back.
const ANSWER_WITHIN_MS = 4_000;
const TOKEN_LIFETIME_MS = 600_000;

/** Answers claims from memory: what a claim needs that is not there yet, it waits for in the queue. */
export class ClaimDesk {
  readonly #options: ClaimDeskOptions;

  constructor(options: ClaimDeskOptions) {
    this.#options = options;
  }

  /** Answers a ClaimRequest with a ClaimReply. */
  async serve(payload: Uint8Array): Promise<Uint8Array> {
    const claim = decodeClaim(payload);
    if (claim === null) return encodeClaimAnswer({ kind: "gone", reason: "no such attempt" });
    return encodeClaimAnswer(await this.#answer(claim));
  }

  async #answer(claim: Claim): Promise<ClaimAnswer> {
    const { queue, holdings, released, onWaiting, whyWaiting } = this.#options;
    const { key, ref } = claim;
    const isNew = holdings.get(key) === undefined && queue.get(key) === undefined;
    if (isNew && (await released.wasForgotten(key, ref))) return { kind: "gone", reason: "ended" };
    const known = this.#settled(claim);
    if (known !== null) return known;
    const woken = this.#woken(claim.key);
    if (this.#enter(claim)) onWaiting();
    await woken;
    return this.#settled(claim) ?? { kind: "pending", reason: whyWaiting() };
  }

  /** Lets the claim wait for a sandbox; false while it is not known what it needs. */
  #enter(claim: Claim): boolean {
    const { queue, clock, poolOf } = this.#options;
    const pool = poolOf(claim);
    if (pool === null) return false;
    queue.enter({ ...claim, pool }, clock.monotonicMs());
    return true;
  }

  /** Resolves when the key's state changed, or when the answer is due. */
  async #woken(key: string): Promise<void> {
    const { queue, clock, signal } = this.#options;
    const awake = new JoinedAbort(signal);
    const forget = queue.onWake(key, () => awake.abort(OVER));
    await clock.sleep(ANSWER_WITHIN_MS, awake.signal);
    awake.release();
    forget();
  }

  /** The answer, if it does not need waiting. */
  #settled(claim: Claim): ClaimAnswer | null {
    const { queue, holdings, released } = this.#options;
    const { key, ref } = claim;
    if (released.has(key, ref.attempt)) return { kind: "gone", reason: "released" };
    const holding = holdings.get(key);
    if (holding !== undefined) {
      if (ref.attempt < holding.ref.attempt) return { kind: "gone", reason: "a later attempt runs" };
      if (ref.attempt === holding.ref.attempt) return this.#answerHeld(claim, holding);
      holdings.retire(key);
    }
    const queued = queue.get(key);
    if (queued === undefined || queued.failure === null) return null;
    queue.remove(queued);
    return queued.ref.attempt === ref.attempt ? { kind: "failed", failure: queued.failure } : null;
  }

  #answerHeld(claim: Claim, holding: Holding): ClaimAnswer | null {
    const { holdings, replacesLost } = this.#options;
    const verdict = judgeHeld(holding, claim, replacesLost(claim));
    if (verdict.kind === "replace") return this.#replace(claim, holding);
    if (verdict.kind === "gone") return { kind: "gone", reason: "a later generation runs" };
    if (verdict.kind === "renew" && holding.sandbox !== null) return this.#lease(claim, holding);
    // A grader's sandbox holds no state: after its loss is told once, the next asking gets another one.
    if (verdict.kind !== "failed" || claim.purpose === "grade") holdings.retire(claim.key);
    if (verdict.kind !== "failed") return null;
    return {
      kind: "failed",
      failure: failureOfCode(verdict.code, { ...verdict.details, sandbox: holding.sandboxUid }),
    };
  }

  /** Lets the claim wait for a sandbox of the next generation. */
  #replace(claim: Claim, holding: Holding): null {
    this.#options.holdings.retire(claim.key);
    this.#enter({ ...claim, generation: holding.generation + 1 });
    return null;
  }

  #lease(claim: Claim, holding: Holding): ClaimAnswer {
    const { keys, clock, tokenLifetimeMs = TOKEN_LIFETIME_MS } = this.#options;
    const { token, expiresAtMs } = signLeaseToken(
      keys,
      {
        sandboxUid: holding.sandboxUid,
        rollout: tokenRollout(claim.ref),
        attempt: claim.ref.attempt,
        epoch: claim.epoch,
      },
      clock.nowMs() + tokenLifetimeMs,
    );
    const { sandboxUid, generation, source } = holding;
    const endpoint = holding.sandbox === null ? "" : formatEndpoint(holding.sandbox.endpoint);
    return {
      kind: "lease",
      lease: { sandboxUid, endpoint, token, expiresAtMs, generation, source },
    };
  }
}
