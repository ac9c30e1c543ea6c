import type { Msg } from "nats";

import type { WorkDelivery } from "../port.ts";
import type { BusConnection } from "./connection.ts";
import { ownHeaders } from "./stored-message.ts";

const NANOS = 1_000_000;

const ACK = Buffer.from("+ACK");
const WORKING = Buffer.from("+WPI");

/** A delivery of a durable pull consumer. Acknowledgements go to the message's reply subject (ADR-15). */
export class JetStreamDelivery implements WorkDelivery {
  readonly #connection: BusConnection;
  readonly #message: Msg;

  constructor(connection: BusConnection, message: Msg) {
    this.#connection = connection;
    this.#message = message;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get payload(): Uint8Array {
    return this.#message.data;
  }

  get headers(): Readonly<Record<string, string>> {
    return ownHeaders(this.#message.headers);
  }

  get deliveries(): number {
    return parseAckSubject(this.#message.reply ?? "").deliveries;
  }

  working(): void {
    if (this.#connection.isConnected) this.#message.respond(WORKING);
  }

  async ack(): Promise<void> {
    await this.#answer(ACK);
  }

  async nak(delayMs = 0): Promise<void> {
    await this.#answer(nakBody(delayMs));
  }

  /** Sends nothing into a broken connection: an acknowledgement that is late by an outage may hit a new owner's. */
  async #answer(body: Uint8Array): Promise<void> {
    if (!this.#connection.isConnected) return;
    this.#message.respond(body);
    await this.#connection.flush();
  }
}

function nakBody(delayMs: number): Uint8Array {
  return Buffer.from(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: Math.round(delayMs * NANOS) })}` : "-NAK");
}

/** What a consumer's reply subject says of its message. */
export interface AckSubject {
  /** 1 on the first delivery. */
  readonly deliveries: number;
  readonly streamSequence: number;
  readonly consumerSequence: number;
  readonly storedAtMs: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<nanos>.<pending>`, and the longer
 * form with a domain and an account hash after `ACK` (ADR-15).
 */
export function parseAckSubject(reply: string): AckSubject {
  const tokens = reply.split(".");
  const at = tokens.length > 9 ? 6 : 4;
  return {
    deliveries: Number(tokens[at]),
    streamSequence: Number(tokens[at + 1]),
    consumerSequence: Number(tokens[at + 2]),
    storedAtMs: Math.floor(Number(tokens[at + 3]) / NANOS),
  };
}
