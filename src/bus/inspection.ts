import type { StreamName, WorkKind } from "./streams.ts";

/** How full a stream is, and when something was last stored in it. */
export interface StreamFill {
  readonly stream: StreamName;
  readonly usedBytes: number;
  readonly maxBytes: number;
  /** Null while it is empty. */
  readonly lastStoredAtMs: number | null;
}

/** How one kind of work stands. */
export interface WorkState {
  readonly kind: WorkKind;
  /** Stored and not delivered yet. */
  readonly waiting: number;
  /** Delivered and not acknowledged. */
  readonly unacked: number;
  /** Of those the ones that were delivered more than once. */
  readonly redelivered: number;
  /** Requests for work that wait at the server. */
  readonly pulls: number;
  /** Null before the first acknowledgement. */
  readonly lastAckAtMs: number | null;
  /** The oldest message that is there: work goes when it is acknowledged. */
  readonly oldest: { readonly subject: string; readonly storedAtMs: number } | null;
  /** When the oldest was stored that nobody was given yet; null without any. */
  readonly oldestUntakenAtMs: number | null;
}

/** What a person on call may see of the bus; nothing is decided from it. */
export interface BusInspector {
  /** Rejects with `bus_unavailable`. */
  streamFills(): Promise<readonly StreamFill[]>;
  /** Rejects with `bus_unavailable`. */
  workStates(): Promise<readonly WorkState[]>;
}
