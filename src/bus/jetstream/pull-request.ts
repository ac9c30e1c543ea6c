import type { Msg } from "nats";
import { createInbox } from "nats";

import { OVER } from "../../lib/over.ts";
import type { BusConnection } from "./connection.ts";
import { forbidden } from "./connection.ts";

/** One pull request on a consumer. */
export interface PullRequest {
  /** `<stream>.<consumer>` as the API subject has it. */
  readonly consumer: string;
  readonly batch: number;
  readonly maxBytes?: number;
  /** The server ends the request after this time; 0 = at once when nothing is left. */
  readonly expiresMs: number;
  readonly signal?: AbortSignal;
  readonly onMessage: (message: Msg) => void;
  /** A message that came after the signal aborted: nobody wants it any more. */
  readonly onUnwanted?: (message: Msg) => void;
}

/**
 * Why a pull ended: all that was asked for, nothing left or time over, the consumer is gone or moved (or nobody
 * serves it), the connection dropped, silence beyond the heartbeats, or the caller's signal.
 */
export type PullEnd =
  | "complete"
  | "drained"
  | "consumer_lost"
  | "disconnected"
  | "silent"
  | "aborted"
  | "forbidden";

/** How a pull ended, and how many messages came. */
export interface PullOutcome {
  readonly end: PullEnd;
  readonly count: number;
}

const HEARTBEAT_MS = 5000;
const NANOS = 1_000_000;

const encoder = new TextEncoder();

/**
 * Asks a pull consumer once and reports each message. Deliveries keep their own subject, so each pull has a
 * subscription of its own; it stays until the server has confirmed its end, so that no delivery is lost in between.
 * Throws `bus_forbidden`.
 */
export async function pullOnce(connection: BusConnection, request: PullRequest): Promise<PullOutcome> {
  if (request.signal?.aborted === true) return { end: "aborted", count: 0 };
  if (!connection.isConnected) return { end: "disconnected", count: 0 };
  const pull = new Pull(connection, request);
  const outcome = await pull.run();
  if (outcome.end === "forbidden") throw forbidden(pull.subject);
  return outcome;
}

class Pull {
  readonly subject: string;
  readonly #connection: BusConnection;
  readonly #request: PullRequest;
  readonly #done = new AbortController();
  readonly #heartbeatMs: number;
  #count = 0;
  #seen = 0;
  #end: PullEnd | undefined;

  constructor(connection: BusConnection, request: PullRequest) {
    this.#connection = connection;
    this.#request = request;
    this.subject = `$JS.API.CONSUMER.MSG.NEXT.${request.consumer}`;
    this.#heartbeatMs = Math.min(HEARTBEAT_MS, Math.floor(request.expiresMs / 2));
  }

  async run(): Promise<PullOutcome> {
    const { nats, options } = this.#connection;
    const inbox = createInbox(options.inboxPrefix);
    const callback = this.#connection.guard((error: Error | null, message: Msg) =>
      this.#take(error, message),
    );
    const subscription = nats.subscribe(inbox, { callback });
    const unwatch = this.#connection.watch(this.subject, (reason) => this.#finish(reason));
    const abort = (): void => this.#finish("aborted");
    this.#request.signal?.addEventListener("abort", abort, { once: true });
    nats.publish(this.subject, this.#body(), { reply: inbox });
    await this.#wait();
    this.#request.signal?.removeEventListener("abort", abort);
    unwatch();
    // Only an open request can still deliver; one that the server ended can't.
    if (this.#end === "aborted" || this.#end === "silent") await subscription.drain().catch(() => undefined);
    else subscription.unsubscribe();
    return { end: this.#end ?? "silent", count: this.#count };
  }

  #body(): Uint8Array {
    const { batch, maxBytes, expiresMs } = this.#request;
    const limits = expiresMs === 0 ? { no_wait: true } : { expires: expiresMs * NANOS };
    const heartbeat = this.#heartbeatMs < 1000 ? {} : { idle_heartbeat: this.#heartbeatMs * NANOS };
    const bytes = maxBytes === undefined ? {} : { max_bytes: maxBytes };
    return encoder.encode(JSON.stringify({ batch, ...limits, ...heartbeat, ...bytes }));
  }

  /** Waits for the end; two heartbeats without a sign of life are an end too. */
  async #wait(): Promise<void> {
    const silenceMs = Math.max(2 * this.#heartbeatMs, 2000) + 1000;
    let seen = -1;
    while (this.#end === undefined && seen !== this.#seen) {
      seen = this.#seen;
      await this.#connection.options.clock.sleep(silenceMs, this.#done.signal);
    }
    this.#finish("silent");
  }

  #finish(end: PullEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#done.abort(OVER);
  }

  #take(error: Error | null, message: Msg): void {
    if (error !== null) return this.#finish("forbidden");
    this.#seen++;
    // A delivery has the consumer's reply subject, a notice has none.
    if (message.reply === undefined || message.reply === "") return this.#notice(message);
    if (this.#end !== undefined) return this.#request.onUnwanted?.(message);
    this.#count++;
    if (this.#count >= this.#request.batch) this.#finish("complete");
    this.#request.onMessage(message);
  }

  /** Status codes of pull requests: ADR-37. */
  #notice(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 100) return;
    if (code === 404 || code === 408) return this.#finish("drained");
    const isLimit = /exceeds maxbytes|batch completed/iu.test(message.headers?.description ?? "");
    this.#finish(isLimit ? "complete" : "consumer_lost");
  }
}
