import { MsgHdrsImpl } from "nats";

import { Lanes } from "../lanes.ts";
import type { MessagePage, StoredMessage } from "../port.ts";
import { STREAMS } from "../streams.ts";
import type { StreamName } from "../streams.ts";
import { apiFailure, callApi } from "./api.ts";
import type { BusConnection } from "./connection.ts";
import { readBatch } from "./direct-batch.ts";
import type { BatchEnd, BatchRequest } from "./direct-batch.ts";
import { requestOnce } from "./request.ts";
import { untilAnswered } from "./retry.ts";
import { directStatus, fromDirectGet, ownHeaders } from "./stored-message.ts";

/** Longest silence before a batch is asked again; far above a slow server's answer, or asking again adds to its load. */
const TRY_MS = 5000;
/**
 * Logs read at once. The server reads them one after the other inside this connection's own loop (2 to 40 ms each),
 * so more would not be faster, and would hold up the publishes behind them.
 */
const READS_AT_ONCE = 4;
/** Far below the server's 64 MiB for a slow client, so that one long log never gets the connection cut. */
const LOG_BATCH_BYTES = 4 * 1024 * 1024;
/** Whoever reads by pages may hold one for each of many slow readers. */
const PAGE_BYTES = 256 * 1024;
const NO_MESSAGE = 10037;

const encoder = new TextEncoder();

/** What STREAM.MSG.GET answers; bytes are base64. */
interface LeaderMessage {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly data?: string;
    readonly hdrs?: string;
    readonly time: string;
  };
}

/** Reads logs without a consumer: any replica answers direct gets, only the leader `readLastFromLeader`. */
export class Reader {
  readonly #connection: BusConnection;
  readonly #lanes = new Lanes(READS_AT_ONCE);

  constructor(connection: BusConnection) {
    this.#connection = connection;
  }

  /** All messages of one subject from the sequence on. Throws `bus_unavailable`, `bus_forbidden`. */
  async read(stream: StreamName, subject: string, fromSequence = 1): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = [];
    const so = { fromSequence, maxBytes: LOG_BATCH_BYTES, found };
    const more = (): Promise<BatchEnd> => this.#readMore(stream, subject, so);
    while ((await this.#lanes.run(more)) !== "complete");
    return found;
  }

  /** One answer's messages of a filter from the sequence on. Throws `bus_unavailable`, `bus_forbidden`. */
  async readPage(stream: StreamName, filter: string, fromSequence: number): Promise<MessagePage> {
    const messages: StoredMessage[] = [];
    const so = { fromSequence, maxBytes: PAGE_BYTES, found: messages };
    const end = await this.#lanes.run(() => this.#readMore(stream, filter, so));
    return { messages, isLast: end === "complete" };
  }

  /** The subject's last message from whichever replica answers. Throws `bus_unavailable`, `bus_forbidden`. */
  async readLast(stream: StreamName, subject: string): Promise<StoredMessage | null> {
    const api = `$JS.API.DIRECT.GET.${STREAMS[stream]}`;
    const payload = encoder.encode(JSON.stringify({ last_by_subj: subject }));
    const { requestTimeoutMs } = this.#connection.options;
    const reply = await untilAnswered(this.#connection, requestTimeoutMs, async (remainingMs) => {
      const timeoutMs = Math.min(TRY_MS, remainingMs);
      const answer = await requestOnce(this.#connection, { subject: api, payload, timeoutMs });
      return answer.kind === "reply" ? { value: answer.message } : undefined;
    });
    return directStatus(reply) === 404 ? null : fromDirectGet(reply);
  }

  /** The subject's last message from the stream's leader. Throws `bus_unavailable`, `bus_forbidden`. */
  async readLastFromLeader(stream: StreamName, subject: string): Promise<StoredMessage | null> {
    const operation = `STREAM.MSG.GET.${STREAMS[stream]}`;
    const answer = await callApi<LeaderMessage>(this.#connection, operation, { last_by_subj: subject });
    if (answer.ok) return fromLeader(answer.value);
    if (answer.error.err_code === NO_MESSAGE) return null;
    throw apiFailure(operation, answer.error);
  }

  /** The next batch; a broken one is asked again from the last message that came, within the request timeout. */
  #readMore(
    stream: StreamName,
    subject: string,
    so: Pick<BatchRequest, "fromSequence" | "maxBytes"> & { readonly found: StoredMessage[] },
  ): Promise<BatchEnd> {
    return untilAnswered(this.#connection, this.#connection.options.requestTimeoutMs, async (remainingMs) => {
      const fromSequence = Math.max(1, (so.found.at(-1)?.sequence ?? so.fromSequence - 1) + 1);
      const timeoutMs = Math.min(TRY_MS, remainingMs);
      const request = { stream, subject, fromSequence, maxBytes: so.maxBytes, timeoutMs };
      const end = await readBatch(this.#connection, request, so.found);
      return end === "broken" ? undefined : { value: end };
    });
  }
}

function fromLeader({ message }: LeaderMessage): StoredMessage {
  const headers =
    message.hdrs === undefined ? undefined : MsgHdrsImpl.decode(Buffer.from(message.hdrs, "base64"));
  return {
    subject: message.subject,
    sequence: message.seq,
    payload:
      message.data === undefined ? new Uint8Array() : new Uint8Array(Buffer.from(message.data, "base64")),
    headers: ownHeaders(headers),
    storedAtMs: Date.parse(message.time),
  };
}
