import type { Msg } from "nats";

import { OVER } from "../../lib/over.ts";
import type { StoredMessage } from "../port.ts";
import { STREAMS } from "../streams.ts";
import type { StreamName } from "../streams.ts";
import { forbidden } from "./connection.ts";
import type { BusConnection } from "./connection.ts";
import { directStatus, fromDirectGet, lastHeader } from "./stored-message.ts";

/** Messages a request: the server stops earlier at the bytes. */
const BATCH = 1000;

const encoder = new TextEncoder();

/** Which part of a log to read. */
export interface BatchRequest {
  readonly stream: StreamName;
  readonly subject: string;
  readonly fromSequence: number;
  /** The server stops soon above it, after one message at the least. */
  readonly maxBytes: number;
  /** Longest silence. */
  readonly timeoutMs: number;
}

/** How a batch ended: all of the log is there, there is more, or the answer broke off (ask again from the last). */
export type BatchEnd = "complete" | "more" | "broken";

/**
 * One batched direct get (ADR-31): appends the messages to `found` as they come. Each message names the sequence
 * before it, so a hole in a replica's answer is seen, and everything after it left out.
 * Throws `bus_forbidden`.
 */
export async function readBatch(
  connection: BusConnection,
  request: BatchRequest,
  found: StoredMessage[],
): Promise<BatchEnd> {
  if (!connection.isConnected) return "broken";
  const { inbox, nats, options } = connection;
  const subject = `$JS.API.DIRECT.GET.${STREAMS[request.stream]}`;
  const progress = new BatchProgress(found);
  const token = inbox.open({
    subject,
    onReply: (reply) => progress.take(reply),
    onLost: (reason) => progress.end(reason === "forbidden" ? "forbidden" : "broken"),
  });
  const query = {
    seq: request.fromSequence,
    next_by_subj: request.subject,
    batch: BATCH,
    max_bytes: request.maxBytes,
  };
  try {
    nats.publish(subject, encoder.encode(JSON.stringify(query)), { reply: inbox.replySubject(token) });
    while (progress.isAlive()) await options.clock.sleep(request.timeoutMs, progress.ended);
  } finally {
    inbox.close(token);
  }
  if (progress.result === "forbidden") throw forbidden(subject);
  return progress.result ?? "broken";
}

class BatchProgress {
  readonly #found: StoredMessage[];
  readonly #end = new AbortController();
  #lastSequence = 0;
  #received = 0;
  #receivedBefore = -1;
  result: BatchEnd | "forbidden" | undefined;

  constructor(found: StoredMessage[]) {
    this.#found = found;
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Not ended, and something came since the last time of asking. */
  isAlive(): boolean {
    const hasMoved = this.#received !== this.#receivedBefore;
    this.#receivedBefore = this.#received;
    return this.result === undefined && hasMoved;
  }

  end(result: BatchEnd | "forbidden"): void {
    if (this.result !== undefined) return;
    this.result = result;
    this.#end.abort(OVER);
  }

  take(reply: Msg): void {
    if (this.result !== undefined) return;
    this.#received++;
    const status = directStatus(reply);
    if (status === 404) return this.end("complete");
    if (status === 503) return this.end("broken");
    if (!this.#follows(reply)) return this.end("broken");
    if (status === 204) return this.end(pending(reply) === 0 ? "complete" : "more");
    const message = fromDirectGet(reply);
    this.#lastSequence = message.sequence;
    this.#found.push(message);
  }

  #follows(reply: Msg): boolean {
    const before = reply.headers === undefined ? "" : lastHeader(reply.headers, "Nats-Last-Sequence");
    return Number(before) === this.#lastSequence;
  }
}

function pending(reply: Msg): number {
  return reply.headers === undefined ? 0 : Number(lastHeader(reply.headers, "Nats-Num-Pending"));
}
