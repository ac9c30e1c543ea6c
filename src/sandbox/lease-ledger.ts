import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { BusAdmin, LogStore, OutgoingMessage } from "../bus/port.ts";
import { leaseSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { LeaseRecordSchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { LeaseRecord } from "../gen/rollyard/v1/requests_pb.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { isPurpose } from "./purpose.ts";
import type { Purpose } from "./purpose.ts";

/** Who holds a sandbox. */
export interface LeaseHolder {
  readonly ref: AttemptRef;
  readonly purpose: Purpose;
  readonly generation: number;
}

/** What became of writing a lease. */
export type LeaseResult =
  | {
      readonly kind: "leased";
      readonly sequence: number;
      /** Another try, whose answer never came, may still arrive: on an empty subject it would be stored as a new lease. */
      readonly mayComeAgain: boolean;
    }
  /** Another leader gave the sandbox away, or retired it. */
  | { readonly kind: "taken" }
  /** Given up; it may be on record or not. */
  | { readonly kind: "busy" };

/** A lease on record whose sandbox may be gone. */
export interface RecordedLease extends LeaseHolder {
  readonly sandboxUid: string;
  readonly sequence: number;
}

type Written = Pick<Extract<LeaseResult, { kind: "leased" }>, "sequence" | "mayComeAgain">;

/** What a ledger needs of the bus. */
export type LedgerBus = LogStore & Pick<BusAdmin, "subjects" | "purge">;

const RETRY_MS = 200;
const TRIES = 10;
const READS_AT_ONCE = 64;

/**
 * The record of who holds which sandbox: one subject a sandbox, first `leased` (expected sequence 0), then `retired`
 * (expected: the lease's). Whoever wins a write may act on it, nobody else. A sandbox that is gone leaves nothing.
 */
export class LeaseLedger {
  readonly #bus: LedgerBus;
  readonly #clock: Clock;

  constructor(bus: LedgerBus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /**
   * Writes the lease of a fresh sandbox, however long it takes: whoever gave up could not know whether it is on record.
   * `busy` only when the signal aborts.
   */
  async lease(sandboxUid: string, holder: LeaseHolder, signal?: AbortSignal): Promise<LeaseResult> {
    const lease = { ...holder, sequence: 0 };
    const written = await this.#write(sandboxUid, "leased", lease, { tries: Infinity, signal });
    return typeof written === "object" ? { kind: "leased", ...written } : { kind: written };
  }

  /** Retires a lease: `won`, or `taken` when it is retired already, or `busy` when the stream takes nothing now. */
  async retire(lease: RecordedLease, tries = TRIES): Promise<"won" | "taken" | "busy"> {
    const result = await this.#write(lease.sandboxUid, "retired", lease, { tries });
    return typeof result === "object" ? "won" : result;
  }

  /**
   * Retires a sandbox that nobody holds, so that no other leader can lease it any more: `won`, or `taken` when one has, or
   * `busy` when the stream takes nothing now.
   */
  async retireUnleased(sandboxUid: string, environmentUid: string): Promise<"won" | "taken" | "busy"> {
    const ref = create(AttemptRefSchema, { environmentUid });
    const nobody = { ref, purpose: "agent", generation: 0, sequence: 0 } as const;
    const result = await this.#write(sandboxUid, "retired", nobody, { tries: TRIES });
    return typeof result === "object" ? "won" : result;
  }

  /** The lease on record of a sandbox that is not retired, or null. */
  async find(sandboxUid: string): Promise<RecordedLease | null> {
    const found = await this.#read(sandboxUid);
    return found === null ? null : asLease(sandboxUid, found.sequence, found.record);
  }

  /** Every record of the environment: leases that stand, and sandboxes that were retired and not forgotten. */
  async recorded(
    environmentUid: string,
  ): Promise<{ readonly leases: readonly RecordedLease[]; readonly retired: readonly string[] }> {
    const subjects = [...(await this.#bus.subjects("leases", leaseSubject(">"))).keys()];
    const leases: RecordedLease[] = [];
    const retired: string[] = [];
    for (let start = 0; start < subjects.length; start += READS_AT_ONCE) {
      const uids = subjects.slice(start, start + READS_AT_ONCE).map(sandboxUidOf);
      for (const found of await Promise.all(uids.map((uid) => this.#read(uid)))) {
        if (found === null || found.record.ref?.environmentUid !== environmentUid) continue;
        const lease = asLease(found.sandboxUid, found.sequence, found.record);
        if (lease !== null) leases.push(lease);
        else if (found.record.state === "retired") retired.push(found.sandboxUid);
      }
    }
    return { leases, retired };
  }

  /**
   * Removes the record of a retired sandbox. Only once the sandbox is gone: until then `retired` keeps others off it. And
   * not while its lease may come again.
   */
  forget(sandboxUid: string): Promise<void> {
    return this.#bus.purge("leases", leaseSubject(sandboxUid));
  }

  async #read(sandboxUid: string): Promise<{
    readonly sandboxUid: string;
    readonly sequence: number;
    readonly record: LeaseRecord;
  } | null> {
    const last = await this.#bus.readLast("leases", leaseSubject(sandboxUid), { fromLeader: true });
    if (last === null) return null;
    return { sandboxUid, sequence: last.sequence, record: fromBinary(LeaseRecordSchema, last.payload) };
  }

  /** Our record, or why there is none. An answer that was lost is looked up, never guessed. */
  async #write(
    sandboxUid: string,
    state: "leased" | "retired",
    holder: LeaseHolder & { readonly sequence: number },
    patience: { readonly tries: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Written | "taken" | "busy"> {
    const message = recordMessage(sandboxUid, state, { ...holder, atMs: this.#clock.nowMs() });
    let unanswered = 0;
    for (let tries = 0; tries < patience.tries && patience.signal?.aborted !== true; tries += 1) {
      if (tries > 0) await this.#clock.sleep(RETRY_MS, patience.signal);
      const result = await this.#bus.publish(message);
      if (result.kind === "stored") return { sequence: result.sequence, mayComeAgain: unanswered > 0 };
      if (result.kind === "unknown") unanswered += 1;
      const sequence = result.kind === "wrong_sequence" ? await this.#lookUp(message) : null;
      if (sequence === "taken") return sequence;
      // The one that is stored was among them.
      if (sequence !== null) return { sequence, mayComeAgain: unanswered > 1 };
    }
    return "busy";
  }

  /** Null while it is not known what became of it. */
  async #lookUp(message: OutgoingMessage): Promise<number | "taken" | null> {
    try {
      return await this.#ownSequence(message);
    } catch (error) {
      if (error instanceof RollyardError && error.code === "bus_unavailable") return null;
      throw error;
    }
  }

  /** An earlier try of ours may have been stored: then the last message is byte for byte the one we sent. */
  async #ownSequence(message: OutgoingMessage): Promise<number | "taken"> {
    const last = await this.#bus.readLast("leases", message.subject, { fromLeader: true });
    if (last === null || !Buffer.from(last.payload).equals(message.payload)) return "taken";
    return last.sequence;
  }
}

function recordMessage(
  sandboxUid: string,
  state: "leased" | "retired",
  { ref, purpose, generation, sequence, atMs }: LeaseHolder & { sequence: number; atMs: number },
): OutgoingMessage {
  const record = create(LeaseRecordSchema, { state, ref, purpose, generation, atMs });
  return {
    subject: leaseSubject(sandboxUid),
    payload: toBinary(LeaseRecordSchema, record),
    expectedLastSequence: sequence,
  };
}

function sandboxUidOf(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}

function asLease(sandboxUid: string, sequence: number, record: LeaseRecord): RecordedLease | null {
  if (record.state !== "leased" || record.ref === undefined || !isPurpose(record.purpose)) return null;
  const { ref, purpose, generation } = record;
  return { sandboxUid, sequence, ref, purpose, generation };
}
