import { HEADERS } from "../bus/port.ts";
import type { LogStore, OutgoingMessage, StoredMessage } from "../bus/port.ts";
import { blobOwner, eventsSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { eventTexts } from "../rollout/event-texts.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { untilAnswered } from "../grader/patience.ts";
import type { Clock } from "../lib/clock.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import { EMPTY_ROLLOUT, foldMessage } from "../rollout/fold.ts";
import { decodeLogMessage, encodeLogMessage } from "../rollout/log-message.ts";
import { fetchBlobs } from "../rollout/read-rollout.ts";
import type { RolloutState } from "../rollout/state.ts";
import { storeLargeTexts } from "../rollout/store-large-texts.ts";
import { attemptOf } from "./trace-state.ts";

/** What a trace's log is written with. */
export interface TraceLogDeps {
  readonly store: LogStore;
  readonly clock: Clock;
  /** Unguessable text of this writer. */
  readonly nonce: string;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

/** What a writer wants, decided by what is on record. Nothing to append is fine. */
export interface Append<T> {
  readonly events: readonly RolloutEvent[];
  readonly result: T;
}

/** What became of it. */
export interface Appended<T> {
  readonly result: T;
  /** After what was appended. */
  readonly state: RolloutState;
}

const RETRY_DELAYS_MS = [2, 10, 40, 150, 500, 1000] as const;

/**
 * The event log of a hosted trainer's trace. It has many writers, for its calls come to any gateway: each append expects the last
 * message that it was decided by; whoever loses reads on and decides anew. Within a process appends go one after the other.
 */
export class TraceLog {
  readonly #deps: TraceLogDeps;
  readonly #ref: AttemptRef;
  readonly #subject: string;
  readonly #owner: string;
  #state: RolloutState = EMPTY_ROLLOUT;
  #textLength = 0;
  #isRead = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(deps: TraceLogDeps, ref: AttemptRef) {
    this.#deps = deps;
    this.#ref = ref;
    this.#subject = eventsSubject(ref);
    this.#owner = blobOwner(ref);
  }

  /** As far as it is known here; what others have written since is missing. */
  get known(): RolloutState {
    return this.#state;
  }

  /** Characters of the texts that are remembered of it. */
  get textLength(): number {
    return this.#textLength;
  }

  /** What the leader holds now. Rejects as {@link append} does. */
  read(): Promise<RolloutState> {
    return this.#inTurn(async () => {
      await this.#refresh(null);
      return this.#state;
    });
  }

  /**
   * Appends what `decide` wants once it was decided by all that is on record; it may be asked more than once. A bus that is away or
   * full is waited for. Rejects with `bus_unavailable` when the signal aborts, `log_corrupt`.
   */
  append<T>(decide: (state: RolloutState) => Append<T>): Promise<Appended<T>> {
    return this.#inTurn(async () => {
      for (;;) {
        const { events, result } = decide(this.#state);
        // A log that was never read is taken for empty: the first append finds out.
        const isDone = events.length === 0 ? this.#isRead : await this.#store(events);
        if (isDone) return { result, state: this.#state };
        if (!this.#isRead) await this.#refresh(null);
      }
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(run, run);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** False when another writer was first: the log is read up to it. */
  async #store(events: readonly RolloutEvent[]): Promise<boolean> {
    const { store, nonce } = this.#deps;
    const stored = await untilAnswered(() => storeLargeTexts(store, this.#owner, events), this.#deps);
    const { messages, digest, lastSequence: expected } = this.#state;
    const { payload, headers } = encodeLogMessage({ attempt: 0, messages, digest }, nonce, stored);
    const message = { subject: this.#subject, payload, headers, expectedLastSequence: expected };
    for (let tries = 0; ; tries += 1) {
      if (this.#deps.signal.aborted) throw ended();
      const result = await store.publish(message);
      if (result.kind === "stored") {
        const own = { ...message, sequence: result.sequence, storedAtMs: this.#deps.clock.nowMs() };
        // What was moved into blobs is here already.
        this.#state = foldMessage(this.#state, { ...decodeLogMessage(own), events });
        this.#textLength += textLengthOf(events);
        this.#isRead = true;
        return true;
      }
      if (result.kind !== "full" && (await this.#refresh(message))) return true;
      if (this.#state.lastSequence !== expected) return false;
      await this.#pause(tries);
    }
  }

  /** Reads up to what the leader has. True when the message is among what was new. */
  async #refresh(looked: OutgoingMessage | null): Promise<boolean> {
    const { store } = this.#deps;
    const last = await untilAnswered(
      () => store.readLast("events", this.#subject, { fromLeader: true }),
      this.#deps,
    );
    this.#isRead = true;
    const wanted = last?.sequence ?? 0;
    if (wanted < this.#state.lastSequence) throw gone();
    let isAmong = false;
    for (let tries = 0; this.#state.lastSequence < wanted; tries += 1) {
      // A replica that lags behind the leader.
      if (tries > 0) await this.#pause(tries);
      if (await this.#readTail(looked)) isAmong = true;
    }
    return isAmong;
  }

  async #readTail(looked: OutgoingMessage | null): Promise<boolean> {
    const from = this.#state.lastSequence + 1;
    const tail = await untilAnswered(() => this.#deps.store.read("events", this.#subject, from), this.#deps);
    for (const message of tail) await this.#fold(message);
    const own = looked?.headers?.[HEADERS.append];
    return own !== undefined && tail.some(({ headers }) => headers[HEADERS.append] === own);
  }

  async #fold(stored: StoredMessage): Promise<void> {
    const message = decodeLogMessage(stored);
    await untilAnswered(() => fetchBlobs(this.#deps.store, this.#owner, message), this.#deps);
    const state = foldMessage(this.#state, message);
    const traceId = attemptOf(state)?.traceId;
    if (traceId !== undefined && traceId !== this.#ref.traceId) throw taken();
    this.#state = state;
    this.#textLength += textLengthOf(message.events ?? []);
  }

  async #pause(tries: number): Promise<void> {
    const { clock, signal } = this.#deps;
    const index = Math.min(tries, RETRY_DELAYS_MS.length - 1);
    await clock.sleep(RETRY_DELAYS_MS[index] ?? 1000, signal);
    if (signal.aborted) throw ended();
  }
}

function textLengthOf(events: readonly RolloutEvent[]): number {
  return events
    .flatMap(eventTexts)
    .reduce((sum, { place }) => sum + (place.case === "inline" ? place.value.length : 0), 0);
}

function ended(): RollyardError {
  return new RollyardError("bus_unavailable", { message: "Stopped before a trace's event was stored." });
}

/** Its records were purged, long after its end. */
function gone(): RollyardError {
  return new RollyardError("log_conflict", { message: "The trace's records are gone." });
}

function taken(): RollyardError {
  return new RollyardError("log_conflict", {
    message: "Another trace has the place of this one; use another trace_id.",
  });
}
