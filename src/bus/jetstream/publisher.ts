import type { Msg, MsgHdrs } from "nats";
import { headers } from "nats";

import { RollyardError } from "../../errors/rollyard-error.ts";
import { Fifo } from "../fifo.ts";
import { FullStreams } from "../full-streams.ts";
import type { OutgoingMessage, PublishResult } from "../port.ts";
import type { StreamName } from "../streams.ts";
import { forbidden } from "./connection.ts";
import type { BusConnection } from "./connection.ts";
import { parsePubAck } from "./publish-result.ts";
import { isNoResponders } from "./request.ts";

const EXPECTED_SEQUENCE = "Nats-Expected-Last-Subject-Sequence";
/** Time between two tries while no server stores the subject (starting, or between leaders). */
const NO_STREAM_RETRY_MS = 250;
const SWEEP_MS = 250;
/** The server refuses above 10,000 buffered messages of a stream; all clients share that. */
const MAX_IN_FLIGHT = 4096;
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024;

interface Pending {
  readonly message: OutgoingMessage;
  readonly headers: MsgHdrs | undefined;
  readonly sizeBytes: number;
  readonly deadlineMs: number;
  readonly resolve: (result: PublishResult) => void;
  readonly reject: (error: unknown) => void;
  token: string | null;
  /** When it was first sent; null while it waits for its turn. */
  sentMs: number | null;
}

/**
 * Publishes with one reply inbox and a window instead of a request a message. What is not sent yet waits for the
 * connection; what was in flight when it dropped is `unknown`, told only when asking makes sense again.
 */
export class Publisher {
  readonly #connection: BusConnection;
  readonly #timeoutMs: number;
  readonly #fullStreams: FullStreams;
  readonly #pending = new Set<Pending>();
  readonly #queue = new Fifo<Pending>();
  #lost: Pending[] = [];
  #inFlight = 0;
  #inFlightBytes = 0;
  #isSweeping = false;
  #isPumpDue = false;

  constructor(
    connection: BusConnection,
    options: { readonly publishTimeoutMs: number; readonly silentAfterMs: number | undefined },
  ) {
    this.#connection = connection;
    this.#timeoutMs = options.publishTimeoutMs;
    this.#fullStreams = new FullStreams(connection.options.logger, options.silentAfterMs);
    connection.onStatus((status) => {
      if (status === "connected") this.#resume();
      else if (connection.isClosed) this.#giveUp();
    });
  }

  /**
   * Stores one message and tells what became of it within the publish timeout.
   * Throws `bus_forbidden`, and `internal` for a message that the server can never take.
   */
  publish(message: OutgoingMessage): Promise<PublishResult> {
    if (this.#connection.isClosed) return Promise.resolve({ kind: "unknown" });
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        message,
        headers: encodeHeaders(message),
        sizeBytes: message.payload.length + 256,
        deadlineMs: this.#connection.options.clock.monotonicMs() + this.#timeoutMs,
        resolve,
        reject,
        token: null,
        sentMs: null,
      };
      this.#pending.add(pending);
      this.#queue.push(pending);
      this.#pumpSoon();
      void this.#sweep();
    });
  }

  /** Streams that leave unanswered what is sent to them. */
  silentStreams(): readonly StreamName[] {
    return this.#fullStreams.silentAt(this.#connection.options.clock.monotonicMs());
  }

  /**
   * Sends after what this turn of the event loop still brings: the client makes one write of what is published
   * together, and a write (a system call, and a wake-up of the server) costs more than the message in it.
   */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#queue.size > 0 && this.#connection.isConnected && this.#hasRoom()) {
      const next = this.#queue.shift();
      if (next !== undefined && this.#pending.has(next)) this.#send(next);
    }
  }

  #hasRoom(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT && this.#inFlightBytes < MAX_IN_FLIGHT_BYTES;
  }

  #send(pending: Pending): void {
    const { inbox, nats } = this.#connection;
    const token = inbox.open({
      subject: pending.message.subject,
      onReply: (reply) => this.#onReply(pending, reply),
      onLost: (reason) => this.#onLost(pending, reason),
    });
    pending.token = token;
    pending.sentMs ??= this.#connection.options.clock.monotonicMs();
    this.#inFlight++;
    this.#inFlightBytes += pending.sizeBytes;
    const reply = inbox.replySubject(token);
    try {
      nats.publish(
        pending.message.subject,
        pending.message.payload,
        pending.headers === undefined ? { reply } : { reply, headers: pending.headers },
      );
    } catch (cause) {
      this.#reject(
        pending,
        new RollyardError("internal", { message: "A message can't be sent to the bus.", cause }),
      );
    }
  }

  #onReply(pending: Pending, reply: Msg): void {
    if (isNoResponders(reply)) return this.#onNoStream(pending);
    try {
      this.#resolve(pending, parsePubAck(reply.data));
    } catch (error) {
      this.#reject(pending, error);
    }
  }

  /** Nobody received it, so it is certainly not stored: send it again until its time is over. */
  #onNoStream(pending: Pending): void {
    this.#land(pending);
    void this.#connection.options.clock.sleep(NO_STREAM_RETRY_MS).then(() => {
      if (!this.#pending.has(pending)) return;
      this.#queue.push(pending);
      this.#pump();
    });
  }

  #onLost(pending: Pending, reason: "disconnected" | "forbidden"): void {
    if (reason === "forbidden") return this.#reject(pending, forbidden(pending.message.subject));
    this.#land(pending);
    this.#lost.push(pending);
  }

  #resume(): void {
    const lost = this.#lost;
    this.#lost = [];
    for (const pending of lost) this.#resolve(pending, { kind: "unknown" });
    this.#pump();
  }

  #giveUp(): void {
    this.#lost = [];
    for (const pending of Array.from(this.#pending)) this.#resolve(pending, { kind: "unknown" });
  }

  #resolve(pending: Pending, result: PublishResult): void {
    this.#settle(pending);
    this.#fullStreams.observe(pending.message.subject, result.kind);
    pending.resolve(result);
  }

  #reject(pending: Pending, error: unknown): void {
    this.#settle(pending);
    pending.reject(error);
  }

  #settle(pending: Pending): void {
    this.#pending.delete(pending);
    this.#land(pending);
    if (this.#queue.size > 0) this.#pump();
  }

  /** Takes a message out of the window. */
  #land(pending: Pending): void {
    if (pending.token === null) return;
    this.#connection.inbox.close(pending.token);
    pending.token = null;
    this.#inFlight--;
    this.#inFlightBytes -= pending.sizeBytes;
  }

  /** One timer for all: the set is in the order of its deadlines. */
  async #sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    while (this.#pending.size > 0) {
      await this.#connection.options.clock.sleep(SWEEP_MS);
      this.#expire(this.#connection.options.clock.monotonicMs());
    }
    this.#isSweeping = false;
  }

  #expire(nowMs: number): void {
    for (const pending of this.#pending) {
      if (pending.deadlineMs > nowMs) return;
      const { sentMs, message } = pending;
      if (sentMs !== null && this.#connection.isConnected) {
        this.#fullStreams.unanswered(message.subject, sentMs, nowMs);
      }
      this.#resolve(pending, { kind: "unknown" });
    }
  }
}

function encodeHeaders(message: OutgoingMessage): MsgHdrs | undefined {
  if (message.headers === undefined && message.expectedLastSequence === undefined) return undefined;
  const encoded = headers();
  for (const [name, value] of Object.entries(message.headers ?? {})) encoded.append(name, value);
  if (message.expectedLastSequence !== undefined) {
    encoded.append(EXPECTED_SEQUENCE, String(message.expectedLastSequence));
  }
  return encoded;
}
