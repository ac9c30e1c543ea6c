import { RollyardError } from "../errors/rollyard-error.ts";
import type { LogStore } from "../bus/port.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import { KeyedCache } from "../lib/keyed-cache.ts";
import type { Logger } from "../lib/logger.ts";
import type { IdSource } from "../rollout/ids.ts";
import type { RolloutObserver } from "../rollout/observer.ts";
import type { SandboxClaims } from "../rollout/sandbox-lease.ts";
import type { OutcomeNotices } from "./outcome-notices.ts";
import { TraceCloser } from "./trace-closer.ts";
import { TraceGrading } from "./trace-grading.ts";
import type { AskedGrade } from "./trace-grading.ts";
import { TraceLog } from "./trace-log.ts";
import { traceRef } from "./trace-ref.ts";
import type { ServedEnvironment } from "./trace-ref.ts";
import { TraceSandbox } from "./trace-sandbox.ts";
import { TraceSession } from "./trace-session.ts";
import type { CallAnswer } from "./trace-session.ts";
import type { TraceSetup } from "./trace-setup.ts";
import { attemptOf } from "./trace-state.ts";
import type { TraceCall } from "./trace-state.ts";

/** What a process answers traces with. */
export interface TraceDeskDeps {
  readonly store: LogStore;
  readonly notices: OutcomeNotices;
  readonly claims: SandboxClaims;
  readonly clock: Clock;
  readonly ids: Pick<IdSource, "nonce">;
  readonly logger: Logger;
  readonly observer: RolloutObserver;
  /** The snapshot that a hash names, ready for calls. Rejects with class config, or `bus_unavailable`. */
  readonly setupFor: (specHash: string) => Promise<TraceSetup>;
  /** Characters of traces' logs that are remembered beside those in use; the default is no bound. */
  readonly rememberedBytes?: number;
  /** This process ends: whatever runs is left to others. */
  readonly signal: AbortSignal;
}

interface OpenTrace {
  readonly session: TraceSession;
  readonly grading: TraceGrading;
  readonly sandbox: TraceSandbox;
  readonly log: TraceLog;
  /** Of its log, as far as it is counted. */
  textLength: number;
  usedAtMs: number;
  users: number;
}

/** A trace that nobody asks for is forgotten: its log and its sandbox are where any process finds them. */
const FORGET_AFTER_MS = 120_000;
const SWEEP_MS = 10_000;
/** More than that are never open at once here. */
const CAPACITY = 100_000;

/** The traces that this process is asked about. It keeps nothing that another process could not read: it only remembers. */
export class TraceDesk {
  readonly #deps: TraceDeskDeps;
  readonly #opening = new KeyedCache<OpenTrace>(CAPACITY);
  /** Those used last are last. */
  readonly #open = new Map<string, OpenTrace>();
  /** Of all that are open, as far as it is counted. */
  #textLength = 0;
  readonly #noting = new Set<Promise<void>>();

  constructor(deps: TraceDeskDeps) {
    this.#deps = deps;
    void this.#sweep();
  }

  /** Traces that this process remembers. */
  get size(): number {
    return this.#open.size;
  }

  /** Answers a tool call, see {@link TraceSession.call}; `trace_pending` once `patience` aborts, and the call goes on. */
  call(
    environment: ServedEnvironment,
    {
      traceId,
      item,
      call,
    }: { readonly traceId: string; readonly item: JsonObject; readonly call: TraceCall },
    patience: AbortSignal,
  ): Promise<CallAnswer> {
    return this.#using(environment, traceId, ({ session }) => orPending(session.call(call, item), patience));
  }

  /** Answers a grade request, see {@link TraceGrading.grade}. */
  grade(
    environment: ServedEnvironment,
    { traceId, ...asked }: AskedGrade & { readonly traceId: string },
    patience: AbortSignal,
  ): Promise<number> {
    return this.#using(environment, traceId, ({ grading }) => grading.grade(asked, patience));
  }

  /** See {@link TraceGrading.answered}; never rejects. */
  answered(
    environment: ServedEnvironment,
    traceId: string,
    told: { readonly score: number; readonly delivered: boolean },
  ): Promise<void> {
    const use = ({ grading }: OpenTrace): Promise<void> => grading.answered(told.score, told.delivered);
    const noting = this.#using(environment, traceId, use)
      .catch(() => undefined)
      .finally(() => this.#noting.delete(noting));
    this.#noting.add(noting);
    return noting;
  }

  /** Resolves once it is on record what trainers were told so far. */
  async noted(): Promise<void> {
    await Promise.all(this.#noting);
  }

  /** Ends the connections to sandboxes; the leases stay. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#open.values(), ({ sandbox }) => sandbox.close()));
  }

  async #using<T>(
    environment: ServedEnvironment,
    traceId: string,
    use: (trace: OpenTrace) => Promise<T>,
  ): Promise<T> {
    const key = `${environment.environmentUid}/${traceId}`;
    const trace =
      this.#open.get(key) ?? (await this.#opening.get(key, () => this.#made(environment, traceId, key)));
    trace.users += 1;
    try {
      return await use(trace);
    } finally {
      trace.users -= 1;
      this.#used(key, trace);
    }
  }

  #used(key: string, trace: OpenTrace): void {
    trace.usedAtMs = this.#deps.clock.monotonicMs();
    if (this.#open.get(key) !== trace) return;
    this.#textLength += trace.log.textLength - trace.textLength;
    trace.textLength = trace.log.textLength;
    this.#open.delete(key);
    this.#open.set(key, trace);
    const { rememberedBytes = Number.POSITIVE_INFINITY } = this.#deps;
    if (this.#textLength <= rememberedBytes) return;
    for (const [oldKey, old] of this.#open) {
      if (this.#textLength <= rememberedBytes) return;
      // One without any is new, and about to be used.
      if (old.textLength > 0 && !isUsed(old)) this.#forget(oldKey, old);
    }
  }

  #forget(key: string, trace: OpenTrace): void {
    this.#textLength -= trace.textLength;
    this.#open.delete(key);
    this.#opening.forget(key);
    void trace.sandbox.close();
  }

  async #made(environment: ServedEnvironment, traceId: string, key: string): Promise<OpenTrace> {
    const { setupFor, clock } = this.#deps;
    const asked = traceRef(environment, traceId);
    const log = new TraceLog({ ...this.#deps, nonce: this.#deps.ids.nonce() }, asked);
    // An edit of the environment never changes a trace that runs.
    const specHash = attemptOf(await log.read())?.specHash ?? asked.specHash;
    const ref: AttemptRef = { ...asked, specHash };
    const trace = {
      ...this.#partsOf(ref, log, await setupFor(specHash)),
      log,
      textLength: 0,
      usedAtMs: clock.monotonicMs(),
      users: 0,
    };
    this.#open.set(key, trace);
    return trace;
  }

  #partsOf(
    ref: AttemptRef,
    log: TraceLog,
    setup: TraceSetup,
  ): Pick<OpenTrace, "session" | "grading" | "sandbox"> {
    const sandbox = new TraceSandbox(this.#deps, ref, log);
    const shared = { ...this.#deps, ref, log, setup, sandbox };
    const closer = new TraceCloser(shared);
    return {
      sandbox,
      session: new TraceSession({ ...shared, closer }),
      grading: new TraceGrading({ ...shared, closer }),
    };
  }

  async #sweep(): Promise<void> {
    const { clock, signal, notices } = this.#deps;
    while (!signal.aborted) {
      await clock.sleep(SWEEP_MS, signal);
      notices.sweep();
      const now = clock.monotonicMs();
      for (const [key, trace] of this.#open) {
        if (!isUsed(trace) && now - trace.usedAtMs >= FORGET_AFTER_MS) this.#forget(key, trace);
      }
    }
  }
}

function isUsed({ users, session }: OpenTrace): boolean {
  return users > 0 || session.isBusy;
}

/** Nobody waits any more, and what was begun goes on: the next one who asks gets its answer. */
function orPending<T>(running: Promise<T>, patience: AbortSignal): Promise<T> {
  running.catch(() => undefined);
  const over = Promise.withResolvers<never>();
  const onAbort = (): void => over.reject(new RollyardError("trace_pending"));
  if (patience.aborted) onAbort();
  patience.addEventListener("abort", onAbort, { once: true });
  return Promise.race([running, over.promise]).finally(() => patience.removeEventListener("abort", onAbort));
}
