import { randomUUID } from "node:crypto";
import type { Subscription } from "../bus/port.ts";
import { claimSubject } from "../bus/subjects.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { assertNever } from "../lib/assert-never.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import { silentLogger } from "../lib/logger.ts";
import type { Logger } from "../lib/logger.ts";
import { Paced } from "../lib/paced.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { BrokerOptions, BrokerSnapshot, ReleaseRef } from "./broker-options.ts";
import { fairOrder, planBroker } from "./broker-plan.ts";
import type { BrokerView } from "./broker-plan.ts";
import { ClaimDesk } from "./claim-desk.ts";
import { claimKey } from "./claim-key.ts";
import { ClaimQueue } from "./claim-queue.ts";
import type { QueuedClaim } from "./claim-queue.ts";
import type { Claim } from "./claim-request.ts";
import { EarlierSandboxes } from "./earlier-sandboxes.ts";
import { Holdings } from "./holdings.ts";
import { LeaseLedger } from "./lease-ledger.ts";
import { PURPOSES } from "./purpose.ts";
import type { Purpose } from "./purpose.ts";
import { ReleasedAttempts } from "./released-attempts.ts";
import { retireRecorded } from "./retire-recorded.ts";
import type { PooledSandbox, SandboxPool } from "./sandbox-pool.ts";
import { SandboxSupply } from "./sandbox-supply.ts";
import type { OwnSandboxes } from "./sandbox-supply.ts";
import { publicKeysOf } from "./signing-keys.ts";
import { toldOf } from "./start-failure.ts";
import type { ToldTo } from "./start-failure.ts";
import { StartPause } from "./start-pause.ts";
import { StartRate } from "./start-rate.ts";
import { UnheldSandboxes } from "./unheld-sandboxes.ts";

const TICK_MS = 250;
const LOOK_AGAIN_TICKS = 120;
/** A thousand claims that come at once, and each sandbox for them, need no plan each: one costs what all that wait do. */
const PLAN_PAUSE_MS = 5;

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
  readonly #rate: StartRate;
  readonly #pause = new StartPause();
  readonly #queue = new ClaimQueue();
  readonly #holdings: Holdings;
  readonly #unheld: UnheldSandboxes;
  readonly #supply: SandboxSupply;
  readonly #released: ReleasedAttempts;
  readonly #desk: ClaimDesk;
  readonly #earlier: EarlierSandboxes;
  readonly #stopping = new AbortController();
  readonly #assigning = new Set<Promise<void>>();
  readonly #planning: Paced;
  #own: OwnSandboxes & Pick<BrokerOptions, "replacesLost">;
  #subscription: Subscription | null = null;
  #failedStarts = 0;
  #isHandingOver = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#own = options;
    const clock = options.clock ?? systemClock;
    const logger = options.logger ?? silentLogger;
    const { bus, launcher, environmentUid } = options;
    const onOrphan = (): void => options.observer?.orphanRemoved?.();
    const { signal } = this.#stopping;
    const ledger = new LeaseLedger(bus, clock);
    const isShared = launcher.adopt !== undefined;
    [this.#clock, this.#logger, this.#ledger] = [clock, logger, ledger];
    this.#planning = new Paced(() => this.#planNow(), { clock, pauseMs: PLAN_PAUSE_MS, signal });
    this.#released = new ReleasedAttempts(bus, options.keptReleases);
    this.#holdings = new Holdings(ledger, { clock, logger, onOrphan });
    this.#rate = new StartRate(options.spec.startsPerSecond, clock.monotonicMs());
    this.#unheld = new UnheldSandboxes({ ledger, environmentUid, isShared, clock, logger, signal });
    this.#supply = this.#newSupply(options);
    this.#desk = this.#newDesk(options);
    const [holdings, supply, unheld] = [this.#holdings, this.#supply, this.#unheld];
    const taken = { launcher, ledger, environmentUid, logger, onOrphan };
    this.#earlier = new EarlierSandboxes({ ...taken, holdings, supply, unheld });
  }

  /** Takes over what an earlier process left, begins to answer claims, and warms up. */
  async start(): Promise<void> {
    const { bus, namespace, environmentUid } = this.#options;
    await this.#earlier.takeOver();
    this.#subscription = await bus.serve(claimSubject(namespace, environmentUid), (payload) =>
      this.#desk.serve(payload),
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

  /** The job is gone: ends what its attempts hold, and starts nothing for those that wait. Safe to repeat. */
  forgetJob(jobUid: string): void {
    const waiting = this.#queue.of(jobUid).map(({ ref }) => ref);
    for (const ref of [...this.#holdings.of(jobUid), ...waiting]) this.release(ref);
  }

  /** Ends the sandboxes of attempts that are none any more: their job went while nobody led. */
  retireUnless(isLive: (ref: AttemptRef) => boolean): void {
    this.#holdings.retireUnless(isLive);
  }

  /** From now on the environment is like this; rollouts that run keep what their job's snapshot says. */
  update(own: OwnSandboxes & Pick<BrokerOptions, "replacesLost">): void {
    this.#own = own;
    this.#rate.set(own.spec.startsPerSecond, this.#clock.monotonicMs());
    this.#supply.update(own);
    this.#plan();
  }

  snapshot(): BrokerSnapshot {
    const waiting = this.#queue.waiting();
    const [oldest] = waiting;
    const { ready, starting } = this.#supply;
    const leased = this.#holdings.live;
    return {
      ready,
      starting,
      leased,
      replicas: ready + starting + leased,
      waiting: waiting.length,
      oldestWaitMs: oldest === undefined ? null : this.#clock.monotonicMs() - oldest.firstAskedMs,
      failed: this.#failedStarts,
      breaker: this.#supply.breaker(),
      pressure: this.#pause.pressure(),
    };
  }

  /**
   * Answers no more, ends every sandbox, and leaves no lease of the environment on record that it can reach; with `handOver`
   * it leaves all of them for the next leader. The launcher stays open: it is the caller's.
   */
  async stop({ handOver = false }: { readonly handOver?: boolean } = {}): Promise<void> {
    this.#isHandingOver = handOver;
    this.#stopping.abort();
    await this.#subscription?.stop();
    this.#queue.wakeAll();
    await Promise.all(this.#assigning);
    if (handOver) {
      this.#holdings.letGo();
      return this.#supply.close(true);
    }
    await Promise.all([this.#supply.close(false), this.#holdings.close()]);
    const [clock, logger, ledger] = [this.#clock, this.#logger, this.#ledger];
    await retireRecorded(this.#options.environmentUid, { clock, logger, ledger });
  }

  #newSupply({ keys, launcher, localFolder, newId, graderVenv }: BrokerOptions): SandboxSupply {
    return new SandboxSupply({
      own: this.#own,
      launcher,
      localFolder,
      graderVenv: graderVenv ?? null,
      publicKeys: publicKeysOf(keys),
      clock: this.#clock,
      newId: newId ?? randomSandboxUid,
      discard: async (sandbox) => {
        if (!(await this.#unheld.end(sandbox))) await this.#earlier.holdLeased(sandbox);
      },
      events: {
        onReady: (pool, startedMs) => this.#onReady(pool, startedMs),
        onFailed: (pool, error, wasTrial) => this.#onFailed(pool, error, wasTrial),
        onProgress: (sandboxUid, progress) => this.#pause.progress(sandboxUid, progress),
        onSettled: (sandboxUid) => this.#pause.ended(sandboxUid),
      },
    });
  }

  #newDesk({ keys, tokenLifetimeMs }: BrokerOptions): ClaimDesk {
    return new ClaimDesk({
      queue: this.#queue,
      holdings: this.#holdings,
      released: this.#released,
      clock: this.#clock,
      keys,
      tokenLifetimeMs,
      replacesLost: (claim) => this.#replacesLost(claim),
      poolOf: (claim) => this.#poolOf(claim),
      onWaiting: () => this.#plan(),
      whyWaiting: () => this.#pause.pressure()?.reason ?? this.#supply.breaker().state,
      signal: this.#stopping.signal,
    });
  }

  /** By the environment as it was when the job began, where that is known. */
  #replacesLost({ ref, purpose }: Claim): boolean {
    const need = this.#options.needOf?.(ref, purpose) ?? null;
    return need?.replacesLost ?? this.#own.replacesLost ?? false;
  }

  #poolOf({ ref, purpose }: Claim): string | null {
    const { needOf } = this.#options;
    if (needOf === undefined) return this.#supply.poolOf(purpose, null);
    const need = needOf(ref, purpose);
    return need === null ? null : this.#supply.poolOf(purpose, need);
  }

  async #tick(): Promise<void> {
    for (let ticks = 1; !this.#stopping.signal.aborted; ticks += 1) {
      await this.#clock.sleep(TICK_MS, this.#stopping.signal);
      const nowMs = this.#clock.monotonicMs();
      this.#queue.forgetSilent(nowMs);
      this.#supply.prune(new Set(this.#queue.waiting().map(({ pool }) => pool)), nowMs);
      if (ticks % LOOK_AGAIN_TICKS === 0 && !this.#stopping.signal.aborted) await this.#earlier.lookAgain();
      this.#plan();
    }
  }

  #plan(): void {
    this.#planning.ask();
  }

  #planNow(): void {
    const plan = planBroker(this.#view());
    for (const key of plan.assign) {
      const claim = this.#queue.get(key);
      const ready = claim === undefined ? undefined : this.#supply.take(claim.pool);
      if (claim === undefined || ready === undefined) continue;
      claim.assigning = true;
      const assigning = this.#assign(claim, ready).finally(() => {
        this.#assigning.delete(assigning);
        this.#plan();
      });
      this.#assigning.add(assigning);
    }
    for (const [pool, count] of plan.start)
      for (let started = 0; started < count; started += 1) {
        const nowMs = this.#clock.monotonicMs();
        this.#rate.begin(nowMs);
        this.#pause.begin(nowMs);
        this.#supply.start(pool);
      }
  }

  #view(): BrokerView {
    const { ready, starting } = this.#supply;
    const nowMs = this.#clock.monotonicMs();
    return {
      waiting: this.#queue.waiting(),
      pools: this.#supply.views(nowMs),
      heldByJob: this.#holdings.heldByJob(),
      live: ready + starting + this.#holdings.live + this.#assigning.size,
      maxStarting: this.#own.spec.maxStarting,
      maxSandboxes: this.#options.maxSandboxes ?? Number.POSITIVE_INFINITY,
      startAllowance: Math.min(this.#rate.allowance(nowMs), this.#pause.allowance(nowMs)),
    };
  }

  /** Writes the lease, then lets the claimants see it. */
  async #assign(claim: QueuedClaim, ready: PooledSandbox): Promise<void> {
    const { sandbox } = ready;
    const { ref, purpose, generation } = claim;
    const holder = { ref, purpose, generation };
    const result = await this.#ledger.lease(sandbox.sandboxUid, holder, this.#stopping.signal);
    claim.assigning = false;
    if (result.kind !== "leased") return this.#notLeased(result.kind, ready);
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

  async #notLeased(why: "taken" | "busy", { sandbox }: PooledSandbox): Promise<void> {
    // On record or not, the next leader will see.
    if (this.#isHandingOver) return;
    if (why === "taken")
      this.#logger.error("sandbox leased by another leader", { sandbox: sandbox.sandboxUid });
    // What another leader has given away is its claimant's.
    if (why === "taken" && this.#options.launcher.adopt !== undefined)
      return this.#earlier.holdLeased(sandbox);
    await sandbox.stop();
  }

  #onReady(pool: SandboxPool, startedMs: number): void {
    const { purpose, key } = pool.template;
    if (pool.breaker.state().state !== "closed")
      this.#logger.info("sandboxes start again", { template: key });
    pool.breaker.succeeded();
    const isAwaited = this.#queue.isAwaited(key);
    this.#options.observer?.started?.(purpose, isAwaited ? "cold" : "warm", startedMs);
    this.#plan();
  }

  #onFailed(pool: SandboxPool, error: RollyardError, wasTrial: boolean): void {
    const { purpose, key } = pool.template;
    const { code, failureClass } = error;
    const breaker = pool.breaker.state().state;
    if (code === "sandbox_no_room") this.#noteNoRoom(error);
    else {
      this.#failedStarts += 1;
      this.#logger.warn("sandbox start failed", { purpose, code, breaker, template: key });
      this.#options.observer?.startFailed?.(purpose, code);
    }
    const told = toldOf({ code, failureClass, isOwn: this.#supply.isOwn(pool), wasTrial });
    for (const claim of this.#whoIsTold(key, told)) {
      claim.failure = failureRecord(error);
      this.#queue.wake(claim.key);
    }
    this.#plan();
  }

  /** A start that found no room: nothing has failed, and what waits goes on waiting. */
  #noteNoRoom({ message, details }: RollyardError): void {
    const { reason } = details;
    const known = reason === "Quota" || reason === "Unschedulable" ? reason : "ApiServer";
    if (this.#pause.pressure() === null) this.#logger.info("no room for sandboxes", { reason: known });
    this.#pause.refused({ reason: known, message }, this.#clock.monotonicMs());
  }

  #whoIsTold(pool: string, told: ToldTo): readonly QueuedClaim[] {
    const waiting = this.#queue.waiting().filter((claim) => claim.pool === pool);
    switch (told) {
      case "nobody":
        return [];
      case "everyone":
        return waiting;
      case "one":
        return fairOrder(waiting, this.#holdings.heldByJob(), 1).flatMap(
          ({ key }) => this.#queue.get(key) ?? [],
        );
      default:
        return assertNever(told);
    }
  }
}

/** 48 random bits: the first two parts of a UUID of version 4, for which Node draws randomness ahead. */
function randomSandboxUid(): string {
  const [low = "", middle = ""] = randomUUID().split("-");
  return `${low}${middle}`;
}
