import { HEADERS } from "../bus/port.ts";
import type { LogStore, OutgoingMessage, StoredMessage } from "../bus/port.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import { eventBytes } from "./event-bytes.ts";
import type { RolloutEvent } from "./events.ts";
import { encodeLogMessage } from "./log-message.ts";
import type { LogPosition } from "./log-message.ts";
import { storeLargeTexts } from "./store-large-texts.ts";

/** Waits between tries of one append, in milliseconds; the last one repeats. */
const RETRY_DELAYS_MS = [5, 20, 80, 250, 1000] as const;

/** Half a mebibyte: a message holds at most 1 MiB on a server with default settings. */
const MAX_BATCH_BYTES = 512 * 1024;

/** Where an appender starts. */
export interface AppenderStart {
  readonly subject: string;
  /** Whose blobs large texts become. */
  readonly jobUid: string;
  readonly nonce: string;
  readonly position: LogPosition;
  /** Stream sequence of the log's last message, void ones included; 0 for an empty log. */
  readonly lastSequence: number;
}

/** What an appender needs of the world. */
export interface AppenderDeps {
  readonly store: LogStore;
  readonly clock: Clock;
  /** Waiting appends give up when it aborts, with `log_conflict`. */
  readonly signal: AbortSignal;
  /** Called once when another writer has taken the log. */
  readonly onFenced?: () => void;
}

interface Waiting {
  readonly events: readonly RolloutEvent[];
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one append queue of a driver. Each message expects the stream sequence of the one before; what is ready
 * together shares a message; a lost acknowledgement is recognised by the append header.
 */
export class EventAppender {
  readonly #deps: AppenderDeps;
  readonly #subject: string;
  readonly #nonce: string;
  readonly #jobUid: string;
  #position: LogPosition;
  #lastSequence: number;
  #waiting: Waiting[] = [];
  #isRunning = false;
  #failure: RollyardError | null = null;

  constructor(deps: AppenderDeps, start: AppenderStart) {
    this.#deps = deps;
    this.#subject = start.subject;
    this.#nonce = start.nonce;
    this.#jobUid = start.jobUid;
    this.#position = start.position;
    this.#lastSequence = start.lastSequence;
  }

  /** Stream sequence of the last message that is known to be stored. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /**
   * Appends events in one message and resolves with its stream sequence. A full stream or a lost bus is waited for.
   * Rejects with `log_conflict` when another writer holds the log: then stop at once, neither ack nor nak.
   */
  append(events: readonly RolloutEvent[]): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // What is appended in this same tick shares the message.
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && this.#failure === null) {
      await this.#store(this.#takeBatch());
    }
    this.#isRunning = false;
  }

  /** What is waiting, up to about half of the largest message that the bus takes. */
  #takeBatch(): readonly Waiting[] {
    let bytes = 0;
    const overflow = this.#waiting.findIndex((waiting, index) => {
      bytes += waiting.events.reduce((sum, event) => sum + eventBytes(event), 0);
      return index > 0 && bytes > MAX_BATCH_BYTES;
    });
    return this.#waiting.splice(0, overflow === -1 ? this.#waiting.length : overflow);
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    try {
      const events = await this.#withBlobs(batch.flatMap((waiting) => waiting.events));
      const { payload, headers, next } = encodeLogMessage(this.#position, this.#nonce, events);
      const sequence = await this.#publish({ subject: this.#subject, payload, headers });
      // Void messages may lie behind it already.
      this.#lastSequence = Math.max(this.#lastSequence, sequence);
      this.#position = next;
      for (const waiting of batch) waiting.resolve(sequence);
    } catch (error) {
      this.#fail(error, batch);
    }
  }

  #withBlobs(events: readonly RolloutEvent[]): Promise<readonly RolloutEvent[]> {
    return this.#whenAvailable(() => storeLargeTexts(this.#deps.store, this.#jobUid, events));
  }

  #fail(error: unknown, batch: readonly Waiting[]): void {
    const failure = error instanceof RollyardError ? error : new RollyardError("internal", { cause: error });
    this.#failure = failure;
    const lost = [...batch, ...this.#waiting];
    this.#waiting = [];
    for (const waiting of lost) waiting.reject(failure);
    if (failure.code === "log_conflict") this.#deps.onFenced?.();
  }

  async #publish(message: OutgoingMessage): Promise<number> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#deps.signal.aborted) throw new RollyardError("log_conflict", { details: { by: "shutdown" } });
      const result = await this.#deps.store.publish({ ...message, expectedLastSequence: this.#lastSequence });
      if (result.kind === "stored") return result.sequence;
      const stored = result.kind === "full" ? null : await this.#recognise(message);
      if (stored !== null) return stored;
      await this.#pause(attempt);
    }
  }

  /** After an uncertain publish: the sequence of our message, null to send again, or throws when fenced. */
  async #recognise(message: OutgoingMessage): Promise<number | null> {
    const last = await this.#whenAvailable(() =>
      this.#deps.store.readLast("events", this.#subject, { fromLeader: true }),
    );
    // A log that was purged under us belongs to a job that is gone.
    if (last === null && this.#lastSequence > 0) throw fenced(0);
    if (last === null || last.sequence <= this.#lastSequence) return null;
    const own = message.headers?.[HEADERS.append];
    if (last.headers[HEADERS.append] === own) return last.sequence;
    if (last.headers[HEADERS.append] !== undefined) throw fenced(last.sequence);
    return this.#recogniseBelowVoid(own, last);
  }

  /** The last message is void: ours may lie before it. Reads on until the void one is visible. */
  async #recogniseBelowVoid(own: string | undefined, last: StoredMessage): Promise<number | null> {
    for (let attempt = 0; ; attempt += 1) {
      const tail = await this.#whenAvailable(() =>
        this.#deps.store.read("events", this.#subject, this.#lastSequence + 1),
      );
      const other = tail.find((message) => message.headers[HEADERS.append] !== undefined);
      if (other !== undefined && other.headers[HEADERS.append] !== own) throw fenced(other.sequence);
      if (tail.some((message) => message.sequence >= last.sequence)) {
        // Ours is stored, or void messages alone follow: either way the next append expects the last of them.
        this.#lastSequence = last.sequence;
        return other === undefined ? null : other.sequence;
      }
      await this.#pause(attempt);
    }
  }

  async #whenAvailable<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (!isOutage(error) || this.#deps.signal.aborted) throw error;
        await this.#pause(attempt);
      }
    }
  }

  #pause(attempt: number): Promise<void> {
    const index = Math.min(attempt, RETRY_DELAYS_MS.length - 1);
    return this.#deps.clock.sleep(RETRY_DELAYS_MS[index] ?? 1000, this.#deps.signal);
  }
}

/** No room and no server are waited for; they never fail a rollout. */
function isOutage(error: unknown): boolean {
  return error instanceof RollyardError && (error.code === "bus_unavailable" || error.code === "stream_full");
}

function fenced(bySequence: number): RollyardError {
  return new RollyardError("log_conflict", { details: { sequence: bySequence } });
}
