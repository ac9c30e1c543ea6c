import { connect, createInbox } from "nats";
import type { Msg, NatsConnection } from "nats";
import type { StreamName } from "../../../src/bus/streams.ts";
import { STREAMS } from "../../../src/bus/streams.ts";
import { sleep } from "./service.ts";

/** A stored message as the server gives it. */
export interface RawMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
}

/** What a stream holds. */
export interface RawStreamState {
  readonly messages: number;
  readonly bytes: number;
  readonly subjects: number;
  readonly consumers: number;
  readonly maxBytes: number;
  readonly replicas: number;
}

/** What STREAM.INFO answers, as far as it is used. */
interface StreamInfo {
  readonly error?: { readonly code: number; readonly description: string };
  readonly config: Readonly<Record<string, unknown>> & {
    readonly max_bytes: number;
    readonly num_replicas: number;
  };
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly num_subjects?: number;
    readonly consumer_count: number;
    readonly first_seq: number;
    readonly last_seq: number;
  };
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
  };
}

const USER = "controller";
const INBOX_PREFIX = `_INBOX_${USER}`;
const BATCH = 500;
const ASK_MS = 5000;
const PAUSE_MS = 100;

/**
 * A client of its own beside the product's, straight to the servers: it reads streams by what the server says and nothing
 * else, and does what an operator may do to them.
 */
export class RawBus {
  readonly #nats: NatsConnection;

  private constructor(nats: NatsConnection) {
    this.#nats = nats;
  }

  static async connect(ports: readonly number[], password: string): Promise<RawBus> {
    const servers = ports.map((port) => `127.0.0.1:${port}`);
    return new RawBus(
      await connect({
        servers,
        user: USER,
        pass: password,
        inboxPrefix: INBOX_PREFIX,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        waitOnFirstConnect: true,
        ignoreAuthErrorAbort: true,
      }),
    );
  }

  close(): Promise<void> {
    return this.#nats.close();
  }

  /** Resolves when JetStream answers and every stream that is there has a leader, and replicas that have caught up. */
  async untilCurrent(): Promise<void> {
    for (const stream of Object.values(STREAMS)) {
      for (;;) {
        const info = await this.#info(stream);
        if (info !== null && isCurrent(info)) break;
        await sleep(PAUSE_MS);
      }
    }
  }

  /** What a stream holds, or null when it does not answer now or is not there. */
  async state(stream: StreamName): Promise<RawStreamState | null> {
    const info = await this.#info(STREAMS[stream]);
    if (info === null || info.error !== undefined) return null;
    const { messages, bytes, num_subjects = 0, consumer_count } = info.state;
    return {
      messages,
      bytes,
      subjects: num_subjects,
      consumers: consumer_count,
      maxBytes: info.config.max_bytes,
      replicas: info.config.num_replicas,
    };
  }

  /** Gives a stream another size; resolves with the one that it had, or null when that did not work. */
  async resize(stream: StreamName, maxBytes: (state: RawStreamState) => number): Promise<number | null> {
    const info = await this.#info(STREAMS[stream]);
    const state = await this.state(stream);
    if (info === null || state === null) return null;
    const config = { ...info.config, max_bytes: maxBytes(state) };
    const answer = await this.#ask(`STREAM.UPDATE.${STREAMS[stream]}`, config);
    return answer === null || answer.error !== undefined ? null : state.maxBytes;
  }

  /** Everything that a stream holds, in its order. Asks until it has all of it. */
  async *read(stream: StreamName): AsyncGenerator<RawMessage> {
    const info = await this.#info(STREAMS[stream]);
    if (info === null || info.error !== undefined)
      throw new Error(`the stream ${STREAMS[stream]} can't be read`);
    for (let next = info.state.first_seq; next <= info.state.last_seq;) {
      const batch = await this.#batch(STREAMS[stream], next);
      yield* batch;
      const last = batch.at(-1);
      if (last === undefined) return;
      next = last.sequence + 1;
    }
  }

  /** What is there at and after a sequence, a batch at most; empty when nothing answers. */
  readFrom(stream: StreamName, sequence: number): Promise<readonly RawMessage[]> {
    return this.#batch(STREAMS[stream], sequence);
  }

  /** One batched direct get (ADR-31); empty when nothing is at or after the sequence. */
  async #batch(stream: string, fromSequence: number): Promise<readonly RawMessage[]> {
    const inbox = createInbox(INBOX_PREFIX);
    const replies = this.#nats.subscribe(inbox);
    const query = { seq: fromSequence, batch: BATCH, next_by_subj: ">" };
    this.#nats.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox });
    const timer = setTimeout(() => replies.unsubscribe(), ASK_MS);
    const found: RawMessage[] = [];
    for await (const reply of replies) {
      const message = parseMessage(reply);
      if (message === null) break;
      found.push(message);
    }
    clearTimeout(timer);
    replies.unsubscribe();
    return found;
  }

  #info(stream: string): Promise<StreamInfo | null> {
    return this.#ask(`STREAM.INFO.${stream}`, {});
  }

  async #ask(operation: string, body: object): Promise<StreamInfo | null> {
    try {
      const reply = await this.#nats.request(`$JS.API.${operation}`, JSON.stringify(body), {
        timeout: ASK_MS,
      });
      return reply.json<StreamInfo>();
    } catch {
      return null;
    }
  }
}

/** Null for a status: the end of a batch, or nothing there. */
function parseMessage(reply: Msg): RawMessage | null {
  const { headers } = reply;
  if (headers === undefined || !headers.has("Nats-Sequence")) return null;
  const own = [...headers].flatMap(([name, values]): [string, string][] =>
    name.startsWith("Nats-") ? [] : [[name, values[0] ?? ""]],
  );
  return {
    subject: headers.last("Nats-Subject"),
    sequence: Number(headers.last("Nats-Sequence")),
    storedAtMs: Date.parse(headers.last("Nats-Time-Stamp")),
    headers: new Map(own),
    payload: reply.data,
  };
}

function isCurrent({ error, cluster }: StreamInfo): boolean {
  if (error !== undefined) return error.code === 404;
  const { leader = "", replicas = [] } = cluster ?? {};
  if (cluster === undefined) return true;
  return leader !== "" && replicas.every(({ current, offline }) => current && offline !== true);
}
