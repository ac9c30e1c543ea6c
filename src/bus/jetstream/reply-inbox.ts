import type { Msg, NatsConnection } from "nats";
import { createInbox } from "nats";

/** What waits for replies under one token. */
export interface ReplyHandler {
  /** The subject that was published to, so that a permission error finds its way back. */
  readonly subject: string;
  onReply(message: Msg): void;
  /** No reply can come any more: the connection dropped, or the server refused the subject. */
  onLost(reason: "disconnected" | "forbidden"): void;
}

/**
 * One wildcard subscription for all replies of a connection. The stock request call costs a promise, a timer and
 * a mux entry a message; here a reply costs one map look-up (measured: 9 instead of 32 to 62 us of CPU a publish).
 */
export class ReplyInbox {
  readonly #prefix: string;
  readonly #handlers = new Map<string, ReplyHandler>();
  #next = 0;

  constructor(connection: NatsConnection, inboxPrefix: string) {
    this.#prefix = `${createInbox(inboxPrefix)}.`;
    connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        if (error === null) this.#deliver(message);
      },
    });
  }

  /** A reply that can't be read (hostile headers throw in the client's parser) is as good as lost. */
  #deliver(message: Msg): void {
    const handler = this.#handlers.get(message.subject.slice(this.#prefix.length));
    try {
      handler?.onReply(message);
    } catch {
      handler?.onLost("disconnected");
    }
  }

  /** Registers a handler and returns the token of its reply subject. */
  open(handler: ReplyHandler): string {
    const token = (this.#next++).toString(36);
    this.#handlers.set(token, handler);
    return token;
  }

  replySubject(token: string): string {
    return this.#prefix + token;
  }

  close(token: string): void {
    this.#handlers.delete(token);
  }

  /** Tells every waiting handler that its reply is lost. */
  loseAll(reason: "disconnected" | "forbidden"): void {
    // A copy: a handler that gives up may open the next one.
    for (const handler of Array.from(this.#handlers.values())) handler.onLost(reason);
  }

  /** The server refused a subject to this user. */
  forbid(subject: string): void {
    for (const handler of Array.from(this.#handlers.values())) {
      if (handler.subject === subject) handler.onLost("forbidden");
    }
  }
}
