import type { OutgoingMessage, PublishResult, StoredMessage } from "../../../src/bus/port.ts";
import { subjectMatches } from "./subject-match.ts";

/** What a stream refuses by. */
export interface FakeStreamLimits {
  readonly maxBytes: number;
  /** A second message of a subject is refused while the first is there. */
  readonly onePerSubject: boolean;
}

const OVERHEAD_BYTES = 30;

/** One stream's messages, with the refusals of JetStream. */
export class FakeStream {
  readonly limits: FakeStreamLimits;
  readonly #messages = new Map<number, StoredMessage>();
  readonly #bySubject = new Map<string, StoredMessage[]>();
  #lastSequence = 0;
  #usedBytes = 0;

  constructor(limits: FakeStreamLimits) {
    this.limits = limits;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What would become of the message now; the expected sequence is looked at first. */
  check(message: OutgoingMessage): Exclude<PublishResult, { kind: "stored" }> | null {
    const last = this.#bySubject.get(message.subject)?.at(-1)?.sequence ?? 0;
    const { expectedLastSequence: expected } = message;
    if (expected !== undefined && expected !== last) return { kind: "wrong_sequence" };
    if (this.limits.onePerSubject && last > 0) return { kind: "slot_taken" };
    if (this.#usedBytes + sizeOf(message) > this.limits.maxBytes) return { kind: "full" };
    return null;
  }

  append(message: OutgoingMessage, storedAtMs: number): StoredMessage {
    const { subject, payload, headers = {} } = message;
    const stored = { subject, payload: payload.slice(), headers, storedAtMs, sequence: ++this.#lastSequence };
    this.#messages.set(stored.sequence, stored);
    const log = this.#bySubject.get(subject);
    if (log === undefined) this.#bySubject.set(subject, [stored]);
    else log.push(stored);
    this.#usedBytes += sizeOf(message);
    return stored;
  }

  has(sequence: number): boolean {
    return this.#messages.has(sequence);
  }

  log(subject: string): readonly StoredMessage[] {
    return this.#bySubject.get(subject) ?? [];
  }

  /** Messages under a filter in stream order, from the sequence on. */
  *under(filter: string, fromSequence: number): Generator<StoredMessage, void, undefined> {
    for (const message of this.#messages.values()) {
      if (message.sequence >= fromSequence && subjectMatches(filter, message.subject)) yield message;
    }
  }

  subjects(filter: string): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [subject, log] of this.#bySubject) {
      if (subjectMatches(filter, subject)) found.set(subject, log.length);
    }
    return found;
  }

  remove(sequence: number): void {
    const message = this.#messages.get(sequence);
    if (message === undefined) return;
    this.#messages.delete(sequence);
    this.#usedBytes -= sizeOf(message);
    const rest = this.log(message.subject).filter((other) => other.sequence !== sequence);
    if (rest.length === 0) this.#bySubject.delete(message.subject);
    else this.#bySubject.set(message.subject, rest);
  }

  purge(filter: string): void {
    for (const message of this.under(filter, 0)) this.remove(message.sequence);
  }
}

function sizeOf(message: {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers?: object;
}): number {
  const headers = Object.entries(message.headers ?? {}).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length + 4,
    0,
  );
  return OVERHEAD_BYTES + message.subject.length + message.payload.length + headers;
}
