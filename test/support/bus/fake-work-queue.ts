import type { StoredMessage } from "../../../src/bus/port.ts";
import type { Clock } from "../../../src/lib/clock.ts";

/** A pull that waits for work. */
export interface FakePull {
  /** How many more it takes. */
  remaining: number;
  /** Hands over one delivery. */
  deliver(entry: FakeDelivery): void;
  end(): void;
}

/** One handing-over of a message. */
export interface FakeDelivery {
  readonly message: StoredMessage;
  readonly deliveries: number;
}

interface Entry {
  readonly message: StoredMessage;
  deliveries: number;
  /** Ends the running acknowledgement wait or nak delay. */
  timer: AbortController | undefined;
  deadlineMs: number;
}

/**
 * A durable pull consumer over a work queue. As on JetStream, acknowledgements belong to the message, not to the
 * delivery: a zombie's ack removes the new owner's message, its nak redelivers it, its beat prolongs it.
 */
export class FakeWorkQueue {
  readonly #clock: Clock;
  readonly #ackWaitMs: number;
  readonly #remove: (sequence: number) => void;
  readonly #onExpired: (message: StoredMessage) => void;
  readonly #entries = new Map<number, Entry>();
  readonly #ready: number[] = [];
  readonly #pulls: FakePull[] = [];

  constructor(options: {
    clock: Clock;
    ackWaitMs: number;
    remove: (sequence: number) => void;
    onExpired?: (message: StoredMessage) => void;
  }) {
    this.#clock = options.clock;
    this.#ackWaitMs = options.ackWaitMs;
    this.#remove = options.remove;
    this.#onExpired = options.onExpired ?? ((): void => undefined);
  }

  add(message: StoredMessage): void {
    this.#entries.set(message.sequence, { message, deliveries: 0, timer: undefined, deadlineMs: 0 });
    this.#ready.push(message.sequence);
    this.#dispatch();
  }

  /** Drops what is no longer in the stream. */
  forget(isThere: (sequence: number) => boolean): void {
    for (const sequence of Array.from(this.#entries.keys())) if (!isThere(sequence)) this.#drop(sequence);
  }

  open(pull: FakePull): void {
    this.#pulls.push(pull);
    this.#dispatch();
  }

  close(pull: FakePull): void {
    const index = this.#pulls.indexOf(pull);
    if (index >= 0) this.#pulls.splice(index, 1);
  }

  /** The consumer is made anew: it knows of no delivery, and begins with the oldest message. */
  restart(): void {
    this.endPulls();
    this.#ready.length = 0;
    for (const entry of this.#entries.values()) {
      entry.timer?.abort(null);
      entry.timer = undefined;
      entry.deliveries = 0;
      this.#ready.push(entry.message.sequence);
    }
  }

  /** Whatever is being waited for is handed out again, oldest first. */
  redeliver(): void {
    for (const entry of this.#entries.values()) {
      if (entry.timer === undefined) continue;
      entry.timer.abort(null);
      entry.timer = undefined;
      this.#ready.push(entry.message.sequence);
    }
    this.#dispatch();
  }

  /** The consumer moves to another server: every open pull ends. */
  endPulls(): void {
    for (const pull of this.#pulls.splice(0)) pull.end();
  }

  ack(sequence: number): void {
    if (!this.#entries.has(sequence)) return;
    this.#drop(sequence);
    this.#remove(sequence);
  }

  nak(sequence: number, delayMs: number): void {
    const entry = this.#entries.get(sequence);
    if (entry === undefined || this.#ready.includes(sequence)) return;
    this.#wait(entry, delayMs, false);
  }

  working(sequence: number): void {
    const entry = this.#entries.get(sequence);
    if (entry?.timer !== undefined) entry.deadlineMs = this.#clock.monotonicMs() + this.#ackWaitMs;
  }

  /** One message to one pull, the pulls in turn. */
  #dispatch(): void {
    while (this.#ready.length > 0 && this.#pulls.length > 0) {
      const entry = this.#entries.get(this.#ready.shift() ?? 0);
      const pull = entry === undefined ? undefined : this.#pulls.shift();
      if (pull === undefined || entry === undefined) continue;
      entry.deliveries++;
      pull.remaining--;
      this.#wait(entry, this.#ackWaitMs, true);
      if (pull.remaining > 0) this.#pulls.push(pull);
      pull.deliver({ message: entry.message, deliveries: entry.deliveries });
      if (pull.remaining <= 0) pull.end();
    }
  }

  /** Makes the message ready again when its time is over. */
  #wait(entry: Entry, delayMs: number, isHeld: boolean): void {
    entry.timer?.abort(null);
    const timer = new AbortController();
    entry.timer = timer;
    entry.deadlineMs = this.#clock.monotonicMs() + delayMs;
    void this.#redeliver(entry, timer.signal, isHeld);
  }

  async #redeliver(entry: Entry, signal: AbortSignal, isHeld: boolean): Promise<void> {
    for (;;) {
      const remainingMs = entry.deadlineMs - this.#clock.monotonicMs();
      if (remainingMs > 0) await this.#clock.sleep(remainingMs, signal);
      if (signal.aborted) return;
      if (entry.deadlineMs <= this.#clock.monotonicMs()) break;
    }
    entry.timer = undefined;
    if (isHeld) this.#onExpired(entry.message);
    this.#ready.unshift(entry.message.sequence);
    this.#dispatch();
  }

  #drop(sequence: number): void {
    this.#entries.get(sequence)?.timer?.abort(null);
    this.#entries.delete(sequence);
    const index = this.#ready.indexOf(sequence);
    if (index >= 0) this.#ready.splice(index, 1);
  }

  /** Ends every timer. */
  stop(): void {
    for (const entry of this.#entries.values()) entry.timer?.abort(null);
    this.endPulls();
  }
}
