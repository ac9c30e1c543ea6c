import type { LogStore, OutgoingMessage, PublishResult, StoredMessage } from "../../../src/bus/port.ts";
import type { StreamName } from "../../../src/bus/streams.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";

/** What happens to one operation on the store. */
export type Fault =
  /** Nothing unusual. */
  | "none"
  /** The message is stored, the answer is lost. */
  | "lost_after"
  /** The message is lost. */
  | "lost_before"
  | "in_flight"
  | "full"
  /** The process ends before, or after, the operation took effect: it never hears an answer. */
  | "dies_before"
  | "dies_after"
  /** Reads: the bus does not answer. */
  | "unavailable"
  /** Direct reads: the replica has seen nothing of the subject yet. */
  | "stale";

/** The answer that a process which has ended gets. */
export const NEVER = new Promise<never>(() => undefined);

/** One operation: what is done to which subject. */
export interface Operation {
  readonly kind: "publish" | "read" | "readLast";
  readonly subject: string;
}

/** A store in memory with the refusals of the real one, and a say for the test in every operation. */
export class MemoryLogStore implements LogStore {
  readonly #messages: StoredMessage[] = [];
  /** Asked before each operation. */
  fault: (operation: Operation) => Fault = () => "none";

  /** Stored messages of a subject. */
  on(subject: string): readonly StoredMessage[] {
    return this.#messages.filter((message) => message.subject === subject);
  }

  /** Stores a message without any say of the test. */
  store(message: Pick<OutgoingMessage, "subject" | "payload" | "headers">): number {
    const sequence = this.#messages.length + 1;
    const { subject, payload, headers = {} } = message;
    this.#messages.push({ subject, payload, headers, sequence, storedAtMs: 0 });
    return sequence;
  }

  publish(message: OutgoingMessage): Promise<PublishResult> {
    const fault = this.fault({ kind: "publish", subject: message.subject });
    if (fault === "in_flight" || fault === "full") return Promise.resolve({ kind: fault });
    if (fault === "lost_before") return Promise.resolve({ kind: "unknown" });
    if (fault === "dies_before") return NEVER;
    const result = this.#publish(message);
    if (fault === "dies_after") return NEVER;
    return Promise.resolve(fault === "lost_after" ? { kind: "unknown" } : result);
  }

  read(_stream: StreamName, subject: string, fromSequence = 0): Promise<readonly StoredMessage[]> {
    const fault = this.fault({ kind: "read", subject });
    if (fault === "unavailable") return Promise.reject(new RollyardError("bus_unavailable"));
    if (isDeath(fault)) return NEVER;
    if (fault === "stale") return Promise.resolve([]);
    return Promise.resolve(this.on(subject).filter(({ sequence }) => sequence >= fromSequence));
  }

  readLast(_stream: StreamName, subject: string): Promise<StoredMessage | null> {
    const fault = this.fault({ kind: "readLast", subject });
    if (isDeath(fault)) return NEVER;
    if (fault === "unavailable") return Promise.reject(new RollyardError("bus_unavailable"));
    return Promise.resolve(this.on(subject).at(-1) ?? null);
  }

  #publish(message: OutgoingMessage): PublishResult {
    const last = this.on(message.subject).at(-1)?.sequence ?? 0;
    if (message.expectedLastSequence !== undefined && message.expectedLastSequence !== last) {
      return { kind: "wrong_sequence" };
    }
    if (message.subject.startsWith("rollyard.work.") && last > 0) return { kind: "slot_taken" };
    return { kind: "stored", sequence: this.store(message) };
  }
}

function isDeath(fault: Fault): boolean {
  return fault === "dies_before" || fault === "dies_after";
}
