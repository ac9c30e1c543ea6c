import { randomBytes } from "node:crypto";
import type { BusAdmin, LogStore, Messenger, Subscription } from "../bus/port.ts";
import { claimSubject } from "../bus/subjects.ts";
import type { SandboxSpec } from "../environment/sandbox-spec.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import { silentLogger } from "../lib/logger.ts";
import type { Logger } from "../lib/logger.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import { fairOrder, planBroker } from "./broker-plan.ts";
import type { BrokerView } from "./broker-plan.ts";
import { claimKey, tokenRollout } from "./claim-key.ts";
import type { RolloutRef } from "./claim-key.ts";
import { ClaimQueue } from "./claim-queue.ts";
import type { QueuedClaim } from "./claim-queue.ts";
import { encodeClaimAnswer, failureOfCode } from "./claim-reply.ts";
import type { ClaimAnswer } from "./claim-reply.ts";
import { decodeClaim } from "./claim-request.ts";
import type { Claim } from "./claim-request.ts";
import { formatEndpoint } from "./endpoint.ts";
import { graderSandboxSpec } from "./grader-sandbox-spec.ts";
import { Holdings } from "./holdings.ts";
import type { Holding } from "./holdings.ts";
import { judgeHeld } from "./judge-held.ts";
import { LeaseLedger } from "./lease-ledger.ts";
import { signLeaseToken } from "./lease-token.ts";
import type { SandboxLauncher } from "./port.ts";
import { PURPOSES } from "./purpose.ts";
import type { Purpose } from "./purpose.ts";
import { ReleasedAttempts } from "./released-attempts.ts";
import { SandboxPool } from "./sandbox-pool.ts";
import type { PooledSandbox } from "./sandbox-pool.ts";
import { publicKeysOf } from "./signing-keys.ts";
import type { SigningKeySet } from "./signing-keys.ts";
import { StartGate } from "./start-gate.ts";
import type { BreakerState } from "./start-gate.ts";

/** What the broker of one environment works with. */
export interface BrokerOptions {
  readonly bus: LogStore & Messenger & Pick<BusAdmin, "subjects" | "purge">;
  readonly launcher: SandboxLauncher;
  readonly namespace: string;
  readonly environmentUid: string;
  readonly spec: SandboxSpec;
  /** Absolute path of the folder whose copy is the agent's workdir, or null. */
  readonly localFolder: string | null;
  /** Of the clean sandboxes for graders; by default made from `spec`. */
  readonly graderSpec?: SandboxSpec;
  /** Virtual environment of the graders' sandboxes, absolute; none by default. */
  readonly graderVenv?: string | undefined;
  readonly keys: SigningKeySet;
  readonly clock?: Clock;
  /** Makes sandbox uids: lower-case letters and digits. */
  readonly newId?: () => string;
  readonly logger?: Logger;
  /** Most sandboxes at once, held, ready and starting together. */
  readonly maxSandboxes?: number;
  readonly tokenLifetimeMs?: number;
  /** Releases that are kept in memory, the latest. */
  readonly keptReleases?: number;
  /** Whether an attempt may go on in a new sandbox when its own was lost: `recovery.mode: replay`. */
  readonly replacesLost?: boolean;
  readonly observer?: BrokerObserver;
}

/** Told of what metrics count. */
export interface BrokerObserver {
  /** `source` is cold when a claim waited for it, warm when it was started ahead. */
  started?(purpose: Purpose, source: "warm" | "cold", startedMs: number): void;
  startFailed?(purpose: Purpose, code: string): void;
  /** A lease that an earlier process gave was retired here. */
  orphanRemoved?(): void;
  claimed?(purpose: Purpose, source: "warm" | "cold", waitedMs: number): void;
}

/** How many sandboxes there are of each state. */
export interface BrokerSnapshot {
  readonly ready: number;
  readonly starting: number;
  readonly leased: number;
  readonly waiting: number;
  /** How long the oldest claim that waits has waited; null without any. */
  readonly oldestWaitMs: number | null;
  /** Starts that failed since the broker began. */
  readonly failed: number;
  readonly breaker: BreakerState;
}

/** Which attempt a release is for. */
export type ReleaseRef = RolloutRef & { readonly attempt: number };

// Claims are answered within 5 s; the rest of it is the way there and back.
const ANSWER_WITHIN_MS = 4_000;
const TICK_MS = 250;
const TOKEN_LIFETIME_MS = 600_000;

/**
 * The only place that hands out sandboxes of an environment. It keeps some warm, starts more for claims that wait,
 * writes a lease before it answers, gives the same attempt the same sandbox, and ends a sandbox after its release;
 * none is ever used for a second rollout.
 */
export class SandboxBroker {
  readonly #options: BrokerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ledger: LeaseLedger;
  readonly #gate: StartGate;
  readonly #queue = new ClaimQueue();
  readonly #holdings: Holdings;
  readonly #pools: Readonly<Record<Purpose, SandboxPool>>;
  readonly #released: ReleasedAttempts;
  readonly #stopping = new AbortController();
  readonly #assigning = new Set<Promise<void>>();
  #subscription: Subscription | null = null;
  #failedStarts = 0;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#ledger = new LeaseLedger(options.bus, this.#clock);
    this.#released = new ReleasedAttempts(options.bus, options.keptReleases);
    this.#holdings = new Holdings(this.#ledger, {
      clock: this.#clock,
      logger: this.#logger,
      onOrphan: () => options.observer?.orphanRemoved?.(),
    });
    this.#gate = new StartGate(options.spec.startsPerSecond, this.#clock.monotonicMs());
    this.#pools = { grade: this.#newPool("grade"), agent: this.#newPool("agent") };
  }

  /** Reads the leases that an earlier process left, begins to answer claims, and warms up. */
  async start(): Promise<void> {
    const { bus, namespace, environmentUid } = this.#options;
    const { leases, retired } = await this.#ledger.recorded(environmentUid);
    // Whatever an earlier process started has gone with it.
    this.#holdings.forgetVanished(retired);
    for (const lease of leases) {
      const key = claimKey(lease.ref, lease.purpose);
      this.#holdings.addVanished(key, lease);
      if (lease.purpose === "grade") this.#holdings.retire(key);
    }
    this.#subscription = await bus.serve(claimSubject(namespace, environmentUid), (payload) =>
      this.#serve(payload),
    );
    this.#plan();
    void this.#tick();
  }

  /** Ends the attempt's sandboxes of the purposes; whoever still claims them is told `gone`. Safe to repeat. */
  release(ref: ReleaseRef, purposes: readonly Purpose[] = PURPOSES): void {
    for (const purpose of purposes) {
      const key = claimKey(ref, purpose);
      this.#released.add(key, ref.attempt);
      const holding = this.#holdings.get(key);
      if (holding !== undefined && holding.ref.attempt <= ref.attempt) this.#holdings.retire(key);
      const queued = this.#queue.get(key);
      if (queued !== undefined && queued.ref.attempt <= ref.attempt) this.#queue.remove(queued);
      this.#queue.wake(key);
    }
    this.#plan();
  }

  snapshot(): BrokerSnapshot {
    const waiting = this.#queue.waiting();
    const [oldest] = waiting;
    return {
      ready: this.#pools.agent.ready + this.#pools.grade.ready,
      starting: this.#pools.agent.starting + this.#pools.grade.starting,
      leased: this.#holdings.live,
      waiting: waiting.length,
      oldestWaitMs: oldest === undefined ? null : this.#clock.monotonicMs() - oldest.firstAskedMs,
      failed: this.#failedStarts,
      breaker: this.#gate.breaker(),
    };
  }

  /** Answers no more, and ends every sandbox. The launcher stays open: it is the caller's. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#subscription?.stop();
    this.#queue.wakeAll();
    await Promise.all(this.#assigning);
    await Promise.all([...PURPOSES.map((purpose) => this.#pools[purpose].close()), this.#holdings.close()]);
  }

  #newPool(purpose: Purpose): SandboxPool {
    const { spec, graderSpec, graderVenv = null, localFolder, keys, launcher, newId } = this.#options;
    const own =
      purpose === "agent"
        ? { spec, localFolder }
        : { spec: graderSpec ?? graderSandboxSpec(spec), localFolder: null, venv: graderVenv };
    return new SandboxPool({
      purpose,
      launcher,
      template: { ...own, publicKeys: publicKeysOf(keys) },
      clock: this.#clock,
      newId: newId ?? randomSandboxUid,
      events: {
        onReady: (kind, startedMs) => this.#onReady(kind, startedMs),
        onFailed: (kind, error) => this.#onFailed(kind, error),
      },
    });
  }

  async #serve(payload: Uint8Array): Promise<Uint8Array> {
    const claim = decodeClaim(payload);
    if (claim === null) return encodeClaimAnswer({ kind: "gone", reason: "no such attempt" });
    return encodeClaimAnswer(await this.#answer(claim));
  }

  async #answer(claim: Claim): Promise<ClaimAnswer> {
    const { key, ref } = claim;
    const isNew = this.#holdings.get(key) === undefined && this.#queue.get(key) === undefined;
    if (isNew && (await this.#released.wasForgotten(key, ref))) return { kind: "gone", reason: "ended" };
    const known = this.#settled(claim);
    if (known !== null) return known;
    const woken = this.#woken(claim.key);
    this.#queue.enter(claim, this.#clock.monotonicMs());
    this.#plan();
    await woken;
    return this.#settled(claim) ?? { kind: "pending", reason: this.#gate.breaker().state };
  }

  /** Resolves when the key's state changed, or when the answer is due. */
  async #woken(key: string): Promise<void> {
    const awake = new AbortController();
    const forget = this.#queue.onWake(key, () => awake.abort());
    await this.#clock.sleep(ANSWER_WITHIN_MS, AbortSignal.any([awake.signal, this.#stopping.signal]));
    forget();
  }

  /** The answer, if it does not need waiting. */
  #settled(claim: Claim): ClaimAnswer | null {
    const { key, ref } = claim;
    if (this.#released.has(key, ref.attempt)) return { kind: "gone", reason: "released" };
    const holding = this.#holdings.get(key);
    if (holding !== undefined) {
      if (ref.attempt < holding.ref.attempt) return { kind: "gone", reason: "a later attempt runs" };
      if (ref.attempt === holding.ref.attempt) return this.#answerHeld(claim, holding);
      this.#holdings.retire(key);
    }
    const queued = this.#queue.get(key);
    if (queued === undefined || queued.failure === null) return null;
    this.#queue.remove(queued);
    return queued.ref.attempt === ref.attempt ? { kind: "failed", failure: queued.failure } : null;
  }

  #answerHeld(claim: Claim, holding: Holding): ClaimAnswer | null {
    const verdict = judgeHeld(holding, claim, this.#options.replacesLost ?? false);
    if (verdict.kind === "replace") return this.#replace(claim, holding);
    if (verdict.kind === "gone") return { kind: "gone", reason: "a later generation runs" };
    if (verdict.kind === "renew" && holding.sandbox !== null) return this.#lease(claim, holding);
    // A grader's sandbox holds no state: after its loss is told once, the next asking gets another one.
    if (verdict.kind !== "failed" || claim.purpose === "grade") this.#holdings.retire(claim.key);
    if (verdict.kind !== "failed") return null;
    return {
      kind: "failed",
      failure: failureOfCode(verdict.code, { ...verdict.details, sandbox: holding.sandboxUid }),
    };
  }

  /** Lets the claim wait for a sandbox of the next generation. */
  #replace(claim: Claim, holding: Holding): null {
    this.#holdings.retire(claim.key);
    this.#queue.enter({ ...claim, generation: holding.generation + 1 }, this.#clock.monotonicMs());
    return null;
  }

  #lease(claim: Claim, holding: Holding): ClaimAnswer {
    const lifetimeMs = this.#options.tokenLifetimeMs ?? TOKEN_LIFETIME_MS;
    const { token, expiresAtMs } = signLeaseToken(
      this.#options.keys,
      {
        sandboxUid: holding.sandboxUid,
        rollout: tokenRollout(claim.ref),
        attempt: claim.ref.attempt,
        epoch: claim.epoch,
      },
      this.#clock.nowMs() + lifetimeMs,
    );
    const { sandboxUid, generation, source } = holding;
    const endpoint = holding.sandbox === null ? "" : formatEndpoint(holding.sandbox.endpoint);
    return {
      kind: "lease",
      lease: { sandboxUid, endpoint, token, expiresAtMs, generation, source },
    };
  }

  async #tick(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#clock.sleep(TICK_MS, this.#stopping.signal);
      this.#queue.forgetSilent(this.#clock.monotonicMs());
      this.#plan();
    }
  }

  #plan(): void {
    if (this.#stopping.signal.aborted) return;
    const plan = planBroker(this.#view());
    for (const key of plan.assign) {
      const claim = this.#queue.get(key);
      const ready = claim === undefined ? undefined : this.#pools[claim.purpose].take();
      if (claim === undefined || ready === undefined) continue;
      claim.assigning = true;
      const assigning = this.#assign(claim, ready).finally(() => {
        this.#assigning.delete(assigning);
        this.#plan();
      });
      this.#assigning.add(assigning);
    }
    for (const purpose of PURPOSES)
      for (let started = 0; started < plan.start[purpose]; started += 1) {
        this.#gate.begin(this.#clock.monotonicMs());
        this.#pools[purpose].start();
      }
  }

  #view(): BrokerView {
    const { spec, maxSandboxes } = this.#options;
    const { agent, grade } = this.#pools;
    const idle = agent.ready + agent.starting + grade.ready + grade.starting;
    return {
      waiting: this.#queue.waiting(),
      pools: {
        agent: { ready: agent.ready, starting: agent.starting, warm: spec.warmReplicas },
        grade: { ready: grade.ready, starting: grade.starting, warm: 0 },
      },
      heldByJob: this.#holdings.heldByJob(),
      live: idle + this.#holdings.live + this.#assigning.size,
      maxStarting: spec.maxStarting,
      maxSandboxes: maxSandboxes ?? Number.POSITIVE_INFINITY,
      startAllowance: this.#gate.allowance(this.#clock.monotonicMs()),
    };
  }

  /** Writes the lease, then lets the claimants see it. */
  async #assign(claim: QueuedClaim, ready: PooledSandbox): Promise<void> {
    const { sandbox } = ready;
    const { ref, purpose, generation } = claim;
    const holder = { ref, purpose, generation };
    const result = await this.#ledger.lease(sandbox.sandboxUid, holder, this.#stopping.signal);
    claim.assigning = false;
    if (result.kind !== "leased") {
      if (result.kind === "taken")
        this.#logger.error("sandbox leased by another leader", { sandbox: sandbox.sandboxUid });
      return sandbox.stop();
    }
    const source: "warm" | "cold" = ready.readyAtMs < claim.firstAskedMs ? "warm" : "cold";
    const isWanted = this.#queue.get(claim.key) === claim;
    this.#queue.remove(claim);
    const { sequence, mayComeAgain } = result;
    const holding = { ...holder, sandbox, sequence, mayComeAgain, source };
    // Meanwhile a later attempt may have its sandbox under the same key: what nobody wants goes straight away.
    if (!isWanted) return this.#holdings.retireUnwanted(holding);
    this.#holdings.add(claim.key, holding);
    const waitedMs = this.#clock.monotonicMs() - claim.firstAskedMs;
    this.#options.observer?.claimed?.(purpose, source, waitedMs);
    this.#queue.wake(claim.key);
  }

  #onReady(purpose: Purpose, startedMs: number): void {
    if (this.#gate.breaker().state !== "closed") this.#logger.info("sandboxes start again");
    this.#gate.succeeded();
    const isAwaited = this.#queue.waiting().some((claim) => claim.purpose === purpose);
    this.#options.observer?.started?.(purpose, isAwaited ? "cold" : "warm", startedMs);
    this.#plan();
  }

  #onFailed(purpose: Purpose, error: RollyardError): void {
    const wasTrial = this.#gate.breaker().state === "trial";
    this.#failedStarts += 1;
    this.#gate.failed(error, this.#clock.monotonicMs());
    this.#logger.warn("sandbox start failed", {
      purpose,
      code: error.code,
      breaker: this.#gate.breaker().state,
    });
    this.#options.observer?.startFailed?.(purpose, error.code);
    for (const claim of this.#victims(purpose, wasTrial || error.failureClass === "config")) {
      claim.failure = failureRecord(error);
      this.#queue.wake(claim.key);
    }
    this.#plan();
  }

  /** Whom a failed start is told to: the claim that it was for, or everyone when nothing starts at all. */
  #victims(purpose: Purpose, everyone: boolean): readonly QueuedClaim[] {
    const waiting = this.#queue.waiting().filter((claim) => claim.purpose === purpose);
    if (everyone) return waiting;
    return fairOrder(waiting, this.#holdings.heldByJob(), 1).flatMap(({ key }) => this.#queue.get(key) ?? []);
  }
}

function randomSandboxUid(): string {
  return randomBytes(6).toString("hex");
}
