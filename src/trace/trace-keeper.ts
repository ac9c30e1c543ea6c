import { create } from "@bufbuild/protobuf";
import { HEADERS } from "../bus/port.ts";
import type { Bus } from "../bus/port.ts";
import {
  blobOwner,
  blobsFilter,
  eventsSubject,
  outcomesFilter,
  outcomesSubject,
  parseTraceSubject,
  rolloutToken,
  traceOwner,
  tracesFilter,
  workFilter,
} from "../bus/subjects.ts";
import type { RolloutSubjectParts } from "../bus/subjects.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { endAttempt } from "../job/end-attempt.ts";
import { outcomeSummary } from "../job/outcome-summary.ts";
import type { OutcomeSummary } from "../job/outcome-summary.ts";
import type { Clock } from "../lib/clock.ts";
import { inParallel } from "../lib/in-parallel.ts";
import type { Logger } from "../lib/logger.ts";
import { closeAttempt } from "../rollout/close-attempt.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import { parseRolloutPlace } from "../rollout/ids.ts";
import type { IdSource } from "../rollout/ids.ts";
import { readRolloutFromLeader } from "../rollout/read-rollout.ts";
import type { AttemptState } from "../rollout/state.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { sweepPauseMs } from "./sweep-pause.ts";
import type { SweepLook } from "./sweep-pause.ts";
import { attemptOf, callsOf, isRunning } from "./trace-state.ts";
import { TraceTally } from "./trace-tally.ts";
import type { TraceCounts } from "./trace-tally.ts";

/** Whose traces are kept, and how. */
export interface KeptTraces {
  readonly namespace: string;
  readonly name: string;
  readonly environmentUid: string;
  /** A trace without a call for so long is closed. */
  readonly idleMs: number;
  /** Records of ended traces are removed after so long. */
  readonly ttlMs: number;
}

/** The counts, and what only who reads all of the record can tell. */
export interface TraceTotals extends TraceCounts {
  /** Graded ones whose score the trainer never got. */
  readonly undelivered: number;
}

/** What a keeper needs of the world. */
export interface TraceKeeperDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "replayHeaders" | "follow" | "purge">;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** Called once for each outcome, those on record at the start too. */
  readonly onOutcome: (outcome: OutcomeSummary, isNew: boolean) => void;
  readonly signal: AbortSignal;
}

/** A call that is on record may run for so long; until then its trace is not idle. */
const LONGEST_CALL_MS = 600_000;
/** A sealed trace whose outcome does not come: whoever sealed it may have ended before it could send it on. */
const OUTCOME_DUE_MS = 60_000;
const AT_ONCE = 16;
const RETRY_MS = 1000;

/**
 * Looks after the traces of one environment that gateways answer: counts them, closes those that nobody calls any more, sends on
 * those whose gateway died before it could, and removes the records of those that ended long ago. One process at a time does that.
 */
export class TraceKeeper {
  readonly #deps: TraceKeeperDeps;
  readonly #tally = new TraceTally();
  #kept: KeptTraces;
  #nextTrace = 1;
  #nextOutcome = 1;
  #running: Promise<unknown> = Promise.resolve();

  constructor(deps: TraceKeeperDeps, kept: KeptTraces) {
    this.#deps = deps;
    this.#kept = kept;
  }

  /** Learns what is on record and goes on from there until the signal aborts. Rejects with `bus_unavailable`. */
  async start(): Promise<void> {
    await this.#readTraces();
    await this.#readOutcomes(false);
    this.#running = Promise.all([this.#followOutcomes(), this.#sweepLoop()]);
  }

  /** Resolves when everything that the signal has ended is over. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** The environment goes: the records of all of its traces are removed. Rejects with `bus_unavailable`. */
  async removeAll(): Promise<void> {
    const { bus } = this.#deps;
    const job = { namespace: this.#kept.namespace, jobUid: traceOwner(this.#kept.environmentUid) };
    await this.#readTraces();
    for (const kind of ["grade", "settle"] as const) await bus.purge("work", workFilter(kind, job));
    await inParallel(this.#tally.tokens, AT_ONCE, (token) => this.#remove(token));
  }

  /** The counts by all that is on record now. Rejects with `bus_unavailable`. */
  async countNow(): Promise<TraceTotals> {
    await this.#readTraces();
    await this.#readOutcomes(true);
    return { ...this.counts, undelivered: this.#tally.undelivered };
  }

  /** The environment was edited. */
  update(kept: Pick<KeptTraces, "idleMs" | "ttlMs">): void {
    this.#kept = { ...this.#kept, ...kept };
  }

  /** As of the last look, which is some seconds old at most. */
  get counts(): TraceCounts {
    return this.#tally.counts;
  }

  /** Whether a trace has no outcome yet; one that is not known may have just begun. */
  isLive(ref: Pick<AttemptRef, "itemIndex" | "sampleIndex">): boolean {
    return !this.#tally.hasEnded(rolloutToken(ref));
  }

  get #outcomes(): string {
    const { namespace, environmentUid } = this.#kept;
    return outcomesFilter({ namespace, jobUid: traceOwner(environmentUid) });
  }

  #count(outcome: OutcomeSummary | null, isNew: boolean): void {
    if (outcome === null || !this.#tally.ended(outcome)) return;
    this.#deps.onOutcome(outcome, isNew);
  }

  /** Returns how many messages were new. */
  async #readTraces(): Promise<number> {
    const filter = tracesFilter(this.#kept);
    let count = 0;
    for await (const message of this.#deps.bus.replayHeaders("events", filter, this.#nextTrace)) {
      this.#nextTrace = message.sequence + 1;
      count += 1;
      const parts = parseTraceSubject(message.subject);
      if (parts === null) continue;
      const token = rolloutToken(parts);
      this.#tally.heard(token, message.storedAtMs);
      if (message.headers[HEADERS.delivered] === "true") this.#tally.delivered(token);
    }
    return count;
  }

  async #readOutcomes(areNew: boolean): Promise<void> {
    const { bus } = this.#deps;
    for await (const message of bus.replayHeaders("outcomes", this.#outcomes, this.#nextOutcome)) {
      this.#nextOutcome = message.sequence + 1;
      this.#count(outcomeSummary(message), areNew);
    }
  }

  async #followOutcomes(): Promise<void> {
    const { bus, clock, logger, signal } = this.#deps;
    while (!signal.aborted) {
      try {
        const from = { fromSequence: this.#nextOutcome, signal };
        for await (const message of bus.follow("outcomes", this.#outcomes, from)) {
          this.#nextOutcome = message.sequence + 1;
          this.#count(outcomeSummary(message), true);
        }
      } catch (thrown) {
        if (signal.aborted) return;
        logger.warn("outcomes of traces can't be followed", { code: toRollyardError(thrown).code });
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  async #sweepLoop(): Promise<void> {
    const { clock, logger, signal } = this.#deps;
    let last: SweepLook | null = null;
    let lookedMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(sweepPauseMs(last, this.#kept.idleMs), signal);
      if (signal.aborted) return;
      try {
        const sinceMs = clock.monotonicMs() - lookedMs;
        lookedMs += sinceMs;
        last = { messages: await this.#sweep(), sinceMs };
      } catch (thrown) {
        if (!signal.aborted)
          logger.warn("traces can't be looked after", { code: toRollyardError(thrown).code });
      }
    }
  }

  /** Returns how many messages were new. */
  async #sweep(): Promise<number> {
    const messages = await this.#readTraces();
    const now = this.#deps.clock.nowMs();
    const { idleMs, ttlMs } = this.#kept;
    const silent = this.#tally.silentSince(now - Math.min(idleMs, OUTCOME_DUE_MS));
    await inParallel(silent, AT_ONCE, (token) => this.#look(token, now));
    await inParallel(this.#tally.endedBefore(now - ttlMs), AT_ONCE, (token) => this.#remove(token));
    return messages;
  }

  /** Looks at a trace of which nothing was heard for a while. */
  async #look(token: string, nowMs: number): Promise<void> {
    const { bus, clock, ids, signal } = this.#deps;
    const parts = this.#partsOf(token);
    const state = await readRolloutFromLeader({ bus, clock, signal }, parts);
    const attempt = attemptOf(state);
    if (attempt === null) return this.#tally.forget(token);
    const ref = this.#refOf(parts, attempt);
    if (attempt.seal?.kind === "stopped") {
      const sealed = { ref, seal: attempt.seal, lastSequence: state.lastSequence, outcomeAfter: 0n };
      return closeAttempt({ store: bus, clock, signal }, sealed);
    }
    if (attempt.seal === null && !this.#isIdle(token, attempt, nowMs)) return;
    const contentOf = (): { readonly item: Record<string, never>; readonly policyVersion: string } => ({
      item: {},
      policyVersion: "",
    });
    const failure = { ...failureRecord(new RollyardError("trace_idle")), failureClass: "cancelled" as const };
    const end = { ref, outcomeAfter: 0, failure };
    await endAttempt({ bus, clock, ids, signal, contentOf }, end, { unlessStopped: true, sealsEmpty: false });
  }

  #isIdle(token: string, attempt: AttemptState, nowMs: number): boolean {
    const isCalled = callsOf(attempt).some(
      (call) => isRunning(call) && nowMs - call.calledAtMs < LONGEST_CALL_MS,
    );
    return !isCalled && this.#tally.silentSince(nowMs - this.#kept.idleMs).includes(token);
  }

  /** Its outcome goes last: while it is there, no other can be recorded. */
  async #remove(token: string): Promise<void> {
    const { bus } = this.#deps;
    const parts = this.#partsOf(token);
    await bus.purge("events", eventsSubject(parts));
    await bus.purge("blobs", blobsFilter(blobOwner(parts)));
    await bus.purge("outcomes", outcomesSubject(parts));
    this.#tally.forget(token);
  }

  #partsOf(token: string): RolloutSubjectParts {
    const { namespace, environmentUid } = this.#kept;
    const place = parseRolloutPlace(token) ?? { itemIndex: 0, sampleIndex: 0 };
    return { namespace, jobUid: traceOwner(environmentUid), ...place };
  }

  #refOf(parts: RolloutSubjectParts, { traceId, specHash }: AttemptState): AttemptRef {
    const { name: jobName, environmentUid } = this.#kept;
    return create(AttemptRefSchema, { ...parts, jobName, environmentUid, attempt: 0, traceId, specHash });
  }
}
