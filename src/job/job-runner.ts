import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { encodeStored } from "../bus/envelope.ts";
import type { RepeatedDelivery } from "../bus/delivery-table.ts";
import type { Bus, WorkDelivery } from "../bus/port.ts";
import { WORK_KINDS } from "../bus/streams.ts";
import { controlSubject, outcomesFilter, workFilter, workSubject } from "../bus/subjects.ts";
import { storeText } from "../bus/text.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { ControlNoticeSchema, SlotsAnnouncedSchema } from "../gen/rollyard/v1/requests_pb.ts";
import { AssignmentSchema } from "../gen/rollyard/v1/work_pb.ts";
import { untilAnswered } from "../grader/patience.ts";
import { inParallel } from "../lib/in-parallel.ts";
import type { JsonObject } from "../lib/json.ts";
import { Wakeup } from "../lib/wakeup.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { storeWork } from "../rollout/close-attempt.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import { endAttempt } from "./end-attempt.ts";
import { areTokensSpent, decideJobEnd } from "./job-end.ts";
import type { JobEnd, JobEndInput } from "./job-end.ts";
import { attemptRef } from "./job-identity.ts";
import type { JobIdentity } from "./job-identity.ts";
import { JobLedger } from "./job-ledger.ts";
import { outcomeSummary } from "./outcome-summary.ts";
import { planDispatch } from "./plan-dispatch.ts";
import type { PlannedDispatch } from "./plan-dispatch.ts";
import { rebuildLedger } from "./rebuild-ledger.ts";
import type { CountedOutcome, RebuiltLedger } from "./rebuild-ledger.ts";
import { refuseLostRecord } from "./record-lost.ts";
import type { RecordedOutcomes } from "./record-lost.ts";
import { retryBudget } from "./retry-decision.ts";
import type { RolloutJobSpec } from "./rollout-job.ts";
import { settle } from "./settle-flow.ts";
import type { SettleDeps } from "./settle-flow.ts";

/** Most bus calls of one kind that are under way at a time. */
const PARALLEL_CALLS = 64;
const SETTLE_SLOTS = 64;
const TICK_MS = 1000;
/** Above this share of the event stream nothing more is dispatched: what is under way needs the rest. */
const FULL_SHARE = 0.8;
const ROOM_CHECK_MS = 5000;
/** A worker that has not announced its slots for this long does not count. */
const HEARD_OF_MS = 30_000;

/** What a runner needs of the world. */
export interface JobRunnerDeps extends Omit<SettleDeps, "contentOf"> {
  readonly bus: Bus;
  /** Told of every outcome that counts, once, in stream order; found ones first. */
  readonly onOutcome: (counted: CountedOutcome) => void;
}

/** A job to run. */
export interface JobToRun {
  readonly identity: JobIdentity;
  readonly spec: RolloutJobSpec;
  readonly items: readonly JsonObject[];
  readonly indexes: readonly number[] | null;
  /** What was recorded of the job before; nothing is dispatched when its streams hold less. */
  readonly recorded?: RecordedOutcomes;
  /** Wall time from which its deadline counts: the start, later by as long as the job did not run. */
  readonly startedAtMs: number;
}

/** What a worker last said of itself. */
export interface WorkerSlots {
  readonly worker: string;
  readonly slots: number;
  readonly free: number;
  /** Whether the model endpoint throttles it. */
  readonly throttled: boolean;
  /** What it drives and was given more than once. */
  readonly repeatedWork: readonly RepeatedDelivery[];
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
  readonly #settleDeps: SettleDeps;
  readonly #wakeup = new Wakeup();
  readonly #workers = new Map<string, WorkerSlots & { readonly seenMs: number }>();
  #interruptedBy: ErrorCode | null = null;
  #room: { readonly isThere: boolean; readonly checkedMs: number } = { isThere: true, checkedMs: -Infinity };

  constructor(deps: JobRunnerDeps, job: JobToRun) {
    this.#deps = deps;
    this.#job = job;
    const { samplesPerItem, retry, policyVersion = "" } = job.spec;
    const contentOf = ({ itemIndex }: RolloutPlace) => ({ item: job.items[itemIndex] ?? {}, policyVersion });
    this.#settleDeps = { ...deps, contentOf };
    this.ledger = new JobLedger({ items: job.items.length, samplesPerItem, retry, indexes: job.indexes });
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

  /** Whether dispatch stands still because the event stream is nearly full. */
  get isStreamFull(): boolean {
    return !this.#room.isThere;
  }

  /** The workers that were heard of lately. */
  workers(): readonly WorkerSlots[] {
    const sinceMs = this.#deps.clock.monotonicMs() - HEARD_OF_MS;
    return [...this.#workers.values()].filter(({ seenMs }) => seenMs >= sinceMs);
  }

  /**
   * Runs the job to its end. A bus that does not answer is waited for. Rejects with `record_lost`, and with
   * `bus_unavailable` when `deps.signal` aborts.
   */
  async run(): Promise<RunEnd> {
    const { bus } = this.#deps;
    const listening = await bus.listen("rollyard.slots.*", (payload) => this.#onSlots(payload));
    const { outcomes, nextSequence } = await this.#rebuild();
    for (const counted of outcomes) this.#deps.onOutcome(counted);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#deps.signal]);
    const background = Promise.all([this.#follow(nextSequence, signal), this.#settleLoop(signal)]);
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

  async #rebuild(): Promise<RebuiltLedger> {
    const { bus } = this.#deps;
    const { identity, recorded } = this.#job;
    const read = async (): Promise<RebuiltLedger> => {
      const { lastSequence } = await bus.streamState("events");
      const rebuilt = await rebuildLedger(bus, identity, this.ledger);
      if (recorded !== undefined) refuseLostRecord(recorded, rebuilt.found, lastSequence);
      return rebuilt;
    };
    return untilAnswered(read, this.#deps);
  }

  async #rounds(): Promise<RunEnd> {
    for (;;) {
      if (this.#deps.signal.aborted) this.#backgroundEnded();
      const end = this.#interruptedBy === null ? decideJobEnd(this.endInput()) : null;
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
    await this.#cancelRest(this.#interruptedBy);
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
    while (counts.graded + counts.failed < this.ledger.total) {
      if (this.#deps.signal.aborted) this.#backgroundEnded();
      // Again each round: an attempt that failed by itself meanwhile has made its rollout pending once more.
      await this.#patiently(() => this.#cancelRest(cancelCode(end)));
      await this.#wakeup.wait(this.#deps.clock, TICK_MS);
    }
    return end;
  }

  /** What the job's end is decided from, as it is now. */
  endInput(): JobEndInput {
    const { ledger } = this;
    const { spec, startedAtMs } = this.#job;
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
      elapsedSeconds: (this.#deps.clock.nowMs() - startedAtMs) / 1000,
      deadlineSeconds: spec.deadlineSeconds ?? null,
      budget: spec.budget ?? {},
    };
  }

  async #dispatch(): Promise<void> {
    const { spec } = this.#job;
    if (areTokensSpent(this.endInput()) || !(await this.#hasRoom())) return;
    const planned = planDispatch(this.ledger, {
      parallelism: spec.parallelism,
      workerSlots: this.#announcedSlots(),
      budgetLeft: (spec.budget?.rollouts ?? Infinity) - this.ledger.started,
      gradingHoldsPlace: spec.budget?.totalTokens !== undefined,
    });
    await inParallel(planned, PARALLEL_CALLS, (next) => this.#assign(next));
  }

  /** Whether the event stream has room for more rollouts; asked anew every few seconds. */
  async #hasRoom(): Promise<boolean> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#room.checkedMs < ROOM_CHECK_MS) return this.#room.isThere;
    const { usedBytes, maxBytes } = await this.#deps.bus.streamState("events");
    const isThere = usedBytes < FULL_SHARE * maxBytes;
    if (isThere !== this.#room.isThere) {
      const say = isThere ? "dispatch goes on" : "dispatch stopped: the event stream is nearly full";
      this.#deps.logger.warn(say, { used_bytes: usedBytes, max_bytes: maxBytes });
    }
    this.#room = { isThere, checkedMs: nowMs };
    return isThere;
  }

  async #assign({ place, attempt, outcomeAfter }: PlannedDispatch): Promise<void> {
    const { identity, items, spec } = this.#job;
    const ref = attemptRef(identity, place, attempt);
    const item = JSON.stringify(items[place.itemIndex] ?? null);
    const payload = encodeStored(AssignmentSchema, {
      ref,
      itemJson: await storeText(this.#deps.bus, identity.jobUid, item),
      outcomeAfter: BigInt(outcomeAfter),
      dispatchedAtMs: this.#deps.clock.nowMs(),
      policyVersion: spec.policyVersion ?? "",
    });
    const message = { subject: workSubject("rollout", ref, attempt), payload };
    await storeWork({ ...this.#deps, store: this.#deps.bus }, message);
    this.ledger.dispatched(place, attempt);
  }

  async #cancelRest(code: ErrorCode): Promise<void> {
    const { bus } = this.#deps;
    const { identity } = this.#job;
    const notice = create(ControlNoticeSchema, { jobUid: identity.jobUid, code });
    bus.broadcast(controlSubject(identity.jobUid), toBinary(ControlNoticeSchema, notice));
    const failure = failureRecord(new RollyardError(code));
    const isFinal = code !== "job_interrupted" && code !== "job_suspended";
    const places = [
      ...this.ledger.inPhase("active"),
      ...(isFinal ? [...this.ledger.inPhase("grading"), ...this.ledger.inPhase("pending")] : []),
    ];
    await inParallel(places, PARALLEL_CALLS, async (place) => {
      const { attempt, outcomeAfter, phase } = this.ledger.line(place);
      const ref = attemptRef(identity, place, attempt);
      // What waits for its dispatch has no slot, so nobody can begin it: its outcome is enough.
      const options = { unlessStopped: !isFinal, sealsEmpty: phase !== "pending" };
      await endAttempt(this.#settleDeps, { ref, outcomeAfter, failure }, options);
    });
    // Last: a slot that is purged before its outcome is stored would make its rollout look missing.
    await bus.purge("work", workFilter("rollout", identity));
    if (!isFinal) return;
    await bus.purge("work", workFilter("grade", identity));
    await bus.purge("work", workFilter("settle", identity));
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

  async #settleLoop(signal: AbortSignal): Promise<void> {
    const open = new Set<Promise<void>>();
    while (!signal.aborted) {
      const onDelivery = (delivery: WorkDelivery): void => {
        const settling = settle(this.#settleDeps, delivery).finally(() => open.delete(settling));
        open.add(settling);
      };
      const max = SETTLE_SLOTS - open.size;
      try {
        await this.#deps.bus.pull({ kind: "settle", max, expiresMs: 5000, signal, onDelivery });
      } catch (error) {
        this.#deps.logger.warn("pull failed", { kind: "settle", code: toRollyardError(error).code });
        await this.#deps.clock.sleep(TICK_MS, signal);
      }
      if (open.size >= SETTLE_SLOTS) await Promise.race(open);
    }
    await Promise.all(open);
  }

  #onSlots(payload: Uint8Array): void {
    const { worker, total, free, throttled, repeatedWork } = fromBinary(SlotsAnnouncedSchema, payload);
    const seenMs = this.#deps.clock.monotonicMs();
    this.#workers.set(worker, { worker, slots: total, free, throttled, repeatedWork, seenMs });
    this.#wakeup.wake();
  }

  /** Slots of the workers that were heard of lately; null while none was. */
  #announcedSlots(): number | null {
    const workers = this.workers();
    return workers.length === 0 ? null : workers.reduce((sum, { slots }) => sum + slots, 0);
  }

  #backgroundEnded(): never {
    throw new RollyardError("bus_unavailable", { message: "The streams can't be followed any more." });
  }
}

function cancelCode(end: JobEnd): ErrorCode {
  if (end.reason === "DeadlineExceeded") return "job_deadline";
  return end.reason === "BudgetExhausted" ? "budget_exhausted" : "job_failed";
}
