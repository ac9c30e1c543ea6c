import type { StreamName, WorkKind } from "./streams.ts";

/** Header names that readers decide by; the rest of a message is payload. */
export const HEADERS = {
  /** `<driver nonce>:<n>`, the same on every retry of one append. A message without it is void. */
  append: "Rollyard-Append",
  attempt: "Rollyard-Attempt",
  /** 1-based number of the attempt's message. */
  number: "Rollyard-N",
  /** Running digest, 64 hex digits: h_n = SHA-256(h_{n-1} || payload). */
  digest: "Rollyard-H",
  /** On a trace's message that says whether the trainer got the score: true or false. */
  delivered: "Rollyard-Delivered",
  outcome: "Rollyard-Outcome",
  failureClass: "Rollyard-Class",
  failureCode: "Rollyard-Code",
  reward: "Rollyard-Reward",
  promptTokens: "Rollyard-Prompt-Tokens",
  completionTokens: "Rollyard-Completion-Tokens",
  /** On a spec snapshot that is a BlobRef: the job whose blob it is. */
  blobOf: "Rollyard-Blob-Of",
} as const;

/** Headers of a message; one value a name. */
export type BusHeaders = Readonly<Record<string, string>>;

/** A message to store. The stream follows from the subject. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers?: BusHeaders;
  /** Stored only when the subject's last stream sequence is this; 0 = the subject must be empty. */
  readonly expectedLastSequence?: number;
}

/**
 * What became of a publish. Only `stored` and `wrong_sequence` (when nothing of ours was in flight) are certain.
 * - `in_flight` (error 10164): another publish to the subject is under way; nobody won yet.
 * - `slot_taken` (10077, messages per subject): this very work is there already.
 * - `full` (any other 10077, or no space): pause, keep beating, never acknowledge.
 * - `unknown`: no answer; it may be stored.
 */
export type PublishResult =
  | { readonly kind: "stored"; readonly sequence: number }
  | { readonly kind: "wrong_sequence" }
  | { readonly kind: "in_flight" }
  | { readonly kind: "slot_taken" }
  | { readonly kind: "full" }
  | { readonly kind: "unknown" };

/** A message of a stream. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  /** When the server stored it, milliseconds since the Unix epoch. */
  readonly storedAtMs: number;
}

/** A message without its payload. */
export type StoredHeaders = Omit<StoredMessage, "payload">;

/** Appending to and reading from streams. Rejects with `bus_unavailable` when a read can't be answered. */
export interface LogStore {
  publish(message: OutgoingMessage): Promise<PublishResult>;
  /** All messages of a subject from `fromSequence` on, in order, by direct get (may lag behind on replicas). */
  read(stream: StreamName, subject: string, fromSequence?: number): Promise<readonly StoredMessage[]>;
  /** The last message of a subject or filter; `fromLeader` reads past any stale replica. */
  readLast(
    stream: StreamName,
    subject: string,
    options?: { readonly fromLeader?: boolean },
  ): Promise<StoredMessage | null>;
}

/** A part of what is under a filter. */
export interface MessagePage {
  /** In stream order. */
  readonly messages: readonly StoredMessage[];
  /** Whether the replica that answered had no more. */
  readonly isLast: boolean;
}

/** Reading many subjects piece by piece, in the memory of one piece. */
export interface PageReader {
  /**
   * The next messages under a filter from the sequence on, at most a thousand, and few more than some hundred kilobytes hold, by
   * direct get: a replica may lack the newest. Rejects with `bus_unavailable`, `bus_forbidden`.
   */
  readPage(stream: StreamName, filter: string, fromSequence: number): Promise<MessagePage>;
}

/** One delivery of a piece of work; valid until acked, naked, or `ack_wait` (60 s) after the last beat. */
export interface WorkDelivery {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  /** 1 on the first delivery. */
  readonly deliveries: number;
  /** Beat: it is still being worked on. */
  working(): void;
  /** Done: the next step is stored. Resolves when the server has it or the connection dropped it. */
  ack(): Promise<void>;
  /** Give it back for another to take now, or after the delay. */
  nak(delayMs?: number): Promise<void>;
}

/** What a pull asks for. */
export interface PullOptions {
  readonly kind: WorkKind;
  /** At most this many deliveries. */
  readonly max: number;
  /** The pull ends after this time even when fewer came. */
  readonly expiresMs: number;
  readonly signal?: AbortSignal;
  readonly onDelivery: (delivery: WorkDelivery) => void;
}

/** Taking work. Several pulls may be open at once; a caller asks only for what it has slots for. */
export interface WorkSource {
  /** Resolves with the number of deliveries when the pull has ended. */
  pull(options: PullOptions): Promise<number>;
}

/** What became of a request. */
export type RequestResult =
  | { readonly kind: "reply"; readonly payload: Uint8Array }
  | { readonly kind: "no_responders" }
  | { readonly kind: "timeout" };

/** Stops serving or listening. */
export interface Subscription {
  stop(): Promise<void>;
}

/** Requests and broadcasts that are stored nowhere and may be lost. */
export interface Messenger {
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestResult>;
  /** Answers requests on a subject or filter; a handler that throws leaves the request unanswered and is logged. */
  serve(
    filter: string,
    handler: (payload: Uint8Array, subject: string) => Promise<Uint8Array>,
  ): Promise<Subscription>;
  broadcast(subject: string, payload: Uint8Array): void;
  listen(filter: string, handler: (payload: Uint8Array, subject: string) => void): Promise<Subscription>;
}

/** What only the controller (or a local run) does. */
export interface BusAdmin {
  /** Creates or updates all streams and consumers; safe to repeat. */
  ensureStreams(): Promise<void>;
  /**
   * Makes all work that was delivered and not acknowledged deliverable again at once, instead of after `ack_wait`.
   * Only for whoever knows that no worker of before lives: a local run that holds its folder's lock.
   */
  releaseWork(): Promise<void>;
  /** Every subject of a stream under a filter, with the number of its messages. */
  subjects(stream: StreamName, filter: string): Promise<ReadonlyMap<string, number>>;
  /** All messages under a filter in stream order, headers only, from the sequence on, up to what is there now. */
  replayHeaders(stream: StreamName, filter: string, fromSequence?: number): AsyncIterable<StoredHeaders>;
  /** Follows a stream under a filter from the sequence on, live, with payloads, until the signal aborts. */
  follow(
    stream: StreamName,
    filter: string,
    options: { readonly fromSequence: number; readonly signal: AbortSignal },
  ): AsyncIterable<StoredMessage>;
  /** Removes every message of the subject or filter. */
  purge(stream: StreamName, filter: string): Promise<void>;
  /** Bytes used and reserved of a stream, and its last sequence. */
  streamState(stream: StreamName): Promise<{ usedBytes: number; maxBytes: number; lastSequence: number }>;
}

/** The whole bus, as the controller has it. Services take the parts that they need. */
export interface Bus extends LogStore, PageReader, WorkSource, Messenger, BusAdmin {
  /** Streams that leave unanswered what this client sends them to store, though their server is there: its disk is full. */
  silentStreams(): readonly StreamName[];
  /** Notices of connection loss and return. */
  onStatus(handler: (status: "connected" | "disconnected") => void): void;
  close(): Promise<void>;
}
