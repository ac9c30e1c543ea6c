import type { Msg } from "nats";
import { nuid } from "nats";

import type { StoredMessage } from "../port.ts";
import { STREAMS } from "../streams.ts";
import type { StreamName } from "../streams.ts";
import { callApi, callApiOrThrow } from "./api.ts";
import type { BusConnection } from "./connection.ts";
import { parseAckSubject } from "./delivery.ts";
import { pullOnce } from "./pull-request.ts";
import type { PullEnd } from "./pull-request.ts";
import { ownHeaders } from "./stored-message.ts";

/** What to read in stream order. */
export interface OrderedRead {
  readonly stream: StreamName;
  readonly filter: string;
  readonly fromSequence: number;
  readonly headersOnly: boolean;
}

const NANOS = 1_000_000;
const INACTIVE_MS = 60_000;
const BATCH = 2000;
const BATCH_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 200;

/**
 * Reads a stream in order through a short-lived consumer without acknowledgements. When the consumer, its server
 * or a delivery is lost, another one is made from the sequence after the last that was seen: no gap, no repeat.
 */
export class OrderedReader {
  readonly #connection: BusConnection;
  readonly #read: OrderedRead;
  #consumer: string | undefined;
  #consumerSequence = 0;
  #nextSequence: number;

  constructor(connection: BusConnection, read: OrderedRead) {
    this.#connection = connection;
    this.#read = read;
    this.#nextSequence = Math.max(1, read.fromSequence);
  }

  /**
   * One pull: reports messages as they come, for up to `expiresMs` (0 = what is there now). True when the server
   * said that nothing is left; false = ask again.
   * Throws `bus_unavailable` when no consumer can be made within the request timeout, and `bus_forbidden`.
   */
  async pull(
    expiresMs: number,
    onMessage: (message: StoredMessage) => void,
    signal?: AbortSignal,
  ): Promise<boolean> {
    this.#consumer ??= await this.#create();
    let isBroken = false;
    const { end } = await pullOnce(this.#connection, {
      consumer: `${STREAMS[this.#read.stream]}.${this.#consumer}`,
      batch: BATCH,
      maxBytes: BATCH_BYTES,
      expiresMs,
      onMessage: (message) => {
        const stored = isBroken ? undefined : this.#accept(message);
        if (stored === undefined) isBroken = true;
        else onMessage(stored);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (isBroken || isLost(end)) await this.#renew();
    return end === "drained" && !isBroken;
  }

  /** Removes the consumer; it would also end by itself. */
  async close(): Promise<void> {
    const name = this.#consumer;
    this.#consumer = undefined;
    if (name === undefined || !this.#connection.isConnected) return;
    await callApi(this.#connection, `CONSUMER.DELETE.${STREAMS[this.#read.stream]}.${name}`, {}).catch(
      () => undefined,
    );
  }

  /** The message, or undefined when one before it is missing: it and all after it are left to the next consumer. */
  #accept(message: Msg): StoredMessage | undefined {
    const ack = parseAckSubject(message.reply ?? "");
    if (ack.consumerSequence !== this.#consumerSequence + 1) return undefined;
    this.#consumerSequence = ack.consumerSequence;
    this.#nextSequence = ack.streamSequence + 1;
    return {
      subject: message.subject,
      sequence: ack.streamSequence,
      payload: message.data,
      headers: ownHeaders(message.headers),
      storedAtMs: ack.storedAtMs,
    };
  }

  async #renew(): Promise<void> {
    await this.close();
    await this.#connection.options.clock.sleep(RETRY_MS);
  }

  async #create(): Promise<string> {
    const name = `read-${nuid.next()}`;
    const stream = STREAMS[this.#read.stream];
    const config = {
      name,
      filter_subject: this.#read.filter,
      deliver_policy: "by_start_sequence",
      opt_start_seq: this.#nextSequence,
      ack_policy: "none",
      replay_policy: "instant",
      headers_only: this.#read.headersOnly,
      inactive_threshold: INACTIVE_MS * NANOS,
      mem_storage: true,
      num_replicas: 1,
      max_deliver: 1,
    };
    const operation = `CONSUMER.CREATE.${stream}.${name}.${this.#read.filter}`;
    await callApiOrThrow(this.#connection, operation, { stream_name: stream, config });
    this.#consumerSequence = 0;
    return name;
  }
}

function isLost(end: PullEnd): boolean {
  return end === "consumer_lost" || end === "disconnected" || end === "silent";
}
