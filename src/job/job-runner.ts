import type { Bus } from "../bus/port.ts";
import { WORK_KINDS } from "../bus/streams.ts";
import type { StreamName } from "../bus/streams.ts";
import { outcomesFilter, workFilter } from "../bus/subjects.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { untilAnswered } from "../grader/patience.ts";
import type { JsonObject } from "../lib/json.ts";
import { Wakeup } from "../lib/wakeup.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import { cancelRollouts } from "./cancel-rollouts.ts";
import { Dispatcher } from "./dispatcher.ts";
import { areTokensSpent, decideJobEnd } from "./job-end.ts";
import type { JobEnd, JobEndInput } from "./job-end.ts";
import type { JobIdentity } from "./job-identity.ts";
import { JobLedger } from "./job-ledger.ts";
import { outcomeSummary } from "./outcome-summary.ts";
import { planDispatch, wantedDispatch } from "./plan-dispatch.ts";
import { rebuildLedger } from "./rebuild-ledger.ts";
import type { CountedOutcome, RebuiltLedger } from "./rebuild-ledger.ts";
import { refuseLostRecord } from "./record-lost.ts";
import type { RecordedOutcomes } from "./record-lost.ts";
import { retryBudget } from "./retry-decision.ts";
import type { RolloutJobSpec } from "./rollout-job.ts";
import type { SettleDeps } from "./settle-flow.ts";
import { settleLoop } from "./settle-loop.ts";
import { Surroundings } from "./surroundings.ts";
import type { WorkerSlots } from "./worker-roster.ts";

const TICK_MS = 1000;

/** What a runner needs of the world. */
export interface JobRunnerDeps extends Omit<SettleDeps, "contentOf"> {
  readonly bus: Bus;
  /** Told of every outcome that counts, once, in stream order; found ones first. */
  readonly onOutcome: (counted: CountedOutcome) => void;
  /** Given where several jobs share the workers; without it the job has all of them. */
  readonly share?: DispatchShare;
  /** Whether someone else takes the settle requests: they are of all jobs, and a process takes them once. */
  readonly settlesElsewhere?: boolean;
  /** Told of an early end before anything is cancelled because of it; what comes after goes on with it. */
  readonly onEnding?: (end: JobEnd) => Promise<void>;
}

/** What a job may dispatch beside others. */
export interface DispatchShare {
  /** How many assignments may be made now. They count as made until they are given back. */
  lend(): number;
  /** What was lent has been used, or not. */
  giveBack(): void;
}

/** A job to run. */
export interface JobToRun {
  readonly identity: JobIdentity;
  readonly spec: RolloutJobSpec;
  readonly items: readonly JsonObject[];
  readonly indexes: readonly number[] | null;
  /** What was recorded of the job before; nothing is dispatched when its streams hold less. */
  readonly recorded?: RecordedOutcomes;
  /** Seconds that count to its deadline and were before this runner was made. */
  readonly earlierSeconds: number;
  /** An early end that was decided before, and may not have been carried through. */
  readonly ending?: JobEnd;
}

/** How a run ended: the job did, or it was interrupted and can go on later. */
export type RunEnd = JobEnd | { readonly condition: "Suspended"; readonly reason: "Interrupted" };

/**
 * The controller's part for one job: dispatches within the bounds, settles failures, counts outcomes, decides retries
 * and the end. Level-triggered: each round looks at the ledger, whatever woke it.
 */
export class JobRunner {
  readonly ledger: JobLedger;
  readonly #deps: JobRunnerDeps;
  readonly #job: JobToRun;
  readonly #settleDeps: SettleDeps & Pick<JobRunnerDeps, "bus">;
  readonly #wakeup = new Wakeup();
  readonly #around: Surroundings;
  readonly #dispatcher: Dispatcher;
  readonly #madeMs: number;
  #rebuilding: Promise<RebuiltLedger> | null = null;
  #interruptedBy: ErrorCode | null = null;

  constructor(deps: JobRunnerDeps, job: JobToRun) {
    this.#deps = deps;
    this.#job = job;
    const { identity, items, indexes } = job;
    const { samplesPerItem, retry, policyVersion = "" } = job.spec;
    const contentOf = ({ itemIndex }: RolloutPlace) => ({ item: items[itemIndex] ?? {}, policyVersion });
    this.#settleDeps = { ...deps, contentOf };
    this.ledger = new JobLedger({ items: items.length, samplesPerItem, retry, indexes });
    this.#around = new Surroundings(deps, () => this.#wakeup.wake());
    const dispatched = { identity, items, policyVersion };
    this.#dispatcher = new Dispatcher({ ...deps, room: this.#around.room }, dispatched, this.ledger);
    this.#madeMs = deps.clock.monotonicMs();
  }

  /** Stops dispatch, cancels what is under way so that it can be resumed, and ends {@link run}. */
  interrupt(code: Extract<ErrorCode, "job_interrupted" | "job_suspended">): void {
    this.#interruptedBy = code;
    this.#wakeup.wake();
  }

  /** The attempt holds no sandbox any more and waits for its grade. */
  released(ref: AttemptRef): void {
    this.ledger.released(ref, ref.attempt);
    this.#wakeup.wake();
  }

  /** Whether it was told to stop so that the job can go on later. */
  get isInterrupted(): boolean {
    return this.#interruptedBy !== null;
  }

  /** Streams whose lack of room keeps rollouts from being dispatched. */
  get fullStreams(): readonly StreamName[] {
    return this.#around.room.full;
  }

  /** Streams that answer nothing to what they are sent: nothing is dispatched meanwhile. */
  get silentStreams(): readonly StreamName[] {
    return this.#around.silentStreams;
  }

  /** The workers that were heard of lately. */
  workers(): readonly WorkerSlots[] {
    return this.#around.workers();
  }

  /**
   * Learns from the streams how the job stands, and does nothing yet: until it has resolved, nobody need begin to work.
   * A bus that does not answer is waited for. Rejects with `record_lost`.
   */
  async rebuild(): Promise<void> {
    await this.#rebuilt();
  }

  /**
   * Runs the job to its end. A bus that does not answer, or has no room, is waited for. Rejects with `record_lost`, and
   * with `bus_unavailable` when `deps.signal` aborts.
   */
  async run(): Promise<RunEnd> {
    const listening = await this.#around.listen();
    const { outcomes, nextSequence } = await this.#rebuilt();
    for (const counted of outcomes) this.#deps.onOutcome(counted);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#deps.signal]);
    const settling = this.#deps.settlesElsewhere === true ? null : settleLoop(this.#settleDeps, signal);
    const background = Promise.all([this.#follow(nextSequence, signal), settling]);
    const end = await this.#raced(background, async () => {
      stop.abort();
      await listening.stop();
      await background.catch(() => undefined);
    });
    if (end.condition !== "Suspended") await this.#clearWork();
    return end;
  }

  async #raced(background: Promise<unknown>, close: () => Promise<void>): Promise<RunEnd> {
    try {
      return await Promise.race([this.#rounds(), background.then(() => this.#backgroundEnded())]);
    } finally {
      await close();
    }
  }

  /**
   * Every rollout of a job that has ended has its last outcome, so what is left of its work is work that was done and whose
   * acknowledgement was lost. Only after settling has stopped here: nobody would take what comes back.
   */
  async #clearWork(): Promise<void> {
    const { bus, clock, signal } = this.#deps;
    const clear = async (): Promise<true> => {
      for (const kind of WORK_KINDS) await bus.purge("work", workFilter(kind, this.#job.identity));
      return true;
    };
    while (!signal.aborted && (await this.#patiently(clear)) === null) await clock.sleep(TICK_MS, signal);
  }

  #rebuilt(): Promise<RebuiltLedger> {
    const { bus } = this.#deps;
    const { identity, recorded } = this.#job;
    const read = async (): Promise<RebuiltLedger> => {
      const { lastSequence } = await bus.streamState("events");
      const rebuilt = await rebuildLedger(bus, identity, this.ledger);
      if (recorded !== undefined) refuseLostRecord(recorded, rebuilt.found, lastSequence);
      return rebuilt;
    };
    return (this.#rebuilding ??= untilAnswered(read, this.#deps));
  }

  async #rounds(): Promise<RunEnd> {
    for (;;) {
      if (this.#deps.signal.aborted) this.#backgroundEnded();
      const end = this.#interruptedBy === null ? (this.#job.ending ?? decideJobEnd(this.endInput())) : null;
      if (end?.condition === "Complete") return end;
      if (end !== null) return await this.#endEarly(end);
      const isDone = await this.#patiently(() => this.#round());
      if (isDone === true) return { condition: "Suspended", reason: "Interrupted" };
      await this.#wakeup.wait(this.#deps.clock, TICK_MS);
    }
  }

  /** Resolves with true once everything under way is cancelled because of an interrupt. */
  async #round(): Promise<boolean> {
    if (this.#interruptedBy === null) {
      await this.#dispatch();
      return false;
    }
    await this.#cancel(this.#interruptedBy);
    return true;
  }

  /** One step; null when the bus did not answer. What it left undone the next round sees. */
  async #patiently<T>(step: () => Promise<T>): Promise<T | null> {
    try {
      return await step();
    } catch (error) {
      if (toRollyardError(error).code !== "bus_unavailable") throw error;
      this.#deps.logger.warn("the bus does not answer; the round is put off");
      return null;
    }
  }

  /** Everything that is not final is cancelled for good; the run ends when each rollout has its outcome. */
  async #endEarly(end: JobEnd): Promise<RunEnd> {
    const { counts } = this.ledger;
    await this.#deps.onEnding?.(end);
    while (counts.graded + counts.failed < this.ledger.total) {
      if (this.#deps.signal.aborted) this.#backgroundEnded();
      // Again each round: an attempt that failed by itself meanwhile has made its rollout pending once more.
      await this.#patiently(() => this.#cancel(cancelCode(end)));
      await this.#wakeup.wait(this.#deps.clock, TICK_MS);
    }
    return end;
  }

  /** What the job's end is decided from, as it is now. */
  endInput(): JobEndInput {
    const { ledger } = this;
    const { spec, earlierSeconds } = this.#job;
    return {
      total: ledger.total,
      graded: ledger.counts.graded,
      failed: ledger.counts.failed,
      open: ledger.counts.active + ledger.counts.grading,
      firstEnds: ledger.firstEnds,
      retriesTaken: ledger.retriesTaken,
      retryBudget: retryBudget(ledger.total, spec.retry),
      tokensUsed: ledger.tokens.prompt + ledger.tokens.completion,
      rolloutsDispatched: ledger.started,
      elapsedSeconds: earlierSeconds + (this.#deps.clock.monotonicMs() - this.#madeMs) / 1000,
      deadlineSeconds: spec.deadlineSeconds ?? null,
      budget: spec.budget ?? {},
    };
  }

  /** Rollouts that it would dispatch now if it had all workers for itself. */
  get wanted(): number {
    const isOver = this.isInterrupted || areTokensSpent(this.endInput());
    return isOver ? 0 : wantedDispatch(this.ledger, this.#bounds());
  }

  /** Something that it can't see may have changed: it looks again. */
  nudge(): void {
    this.#wakeup.wake();
  }

  #bounds() {
    const { parallelism, budget } = this.#job.spec;
    return {
      parallelism,
      budgetLeft: (budget?.rollouts ?? Infinity) - this.ledger.started,
      gradingHoldsPlace: budget?.totalTokens !== undefined,
    };
  }

  async #dispatch(): Promise<void> {
    const { share, signal } = this.#deps;
    if (areTokensSpent(this.endInput()) || !(await this.#around.mayDispatch())) return;
    const workerSlots = share === undefined ? this.#around.slots() : null;
    try {
      const bounds = { ...this.#bounds(), workerSlots, share: share?.lend() ?? Infinity };
      const planned = planDispatch(this.ledger, bounds);
      await this.#dispatcher.dispatch(planned, () => this.isInterrupted || signal.aborted);
    } finally {
      share?.giveBack();
    }
  }

  #cancel(code: ErrorCode): Promise<void> {
    return cancelRollouts(this.#settleDeps, { identity: this.#job.identity, ledger: this.ledger, code });
  }

  async #follow(fromSequence: number, signal: AbortSignal): Promise<void> {
    const filter = outcomesFilter(this.#job.identity);
    for await (const message of this.#deps.bus.follow("outcomes", filter, { fromSequence, signal })) {
      const outcome = outcomeSummary(message);
      const after = outcome === null ? null : this.ledger.ended(outcome);
      if (outcome !== null && after !== null) this.#deps.onOutcome({ outcome, after });
      this.#wakeup.wake();
    }
  }

  #backgroundEnded(): never {
    throw new RollyardError("bus_unavailable", { message: "The streams can't be followed any more." });
  }
}

function cancelCode(end: JobEnd): ErrorCode {
  if (end.reason === "DeadlineExceeded") return "job_deadline";
  return end.reason === "BudgetExhausted" ? "budget_exhausted" : "job_failed";
}
