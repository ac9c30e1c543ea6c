import type { NatsConnection } from "nats";
import { PermissionViolationError } from "nats";

import { RollyardError } from "../../errors/rollyard-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { ReplyInbox } from "./reply-inbox.ts";

/** What the parts of the adapter share. */
export interface ConnectionOptions {
  readonly inboxPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

const DRAIN_MS = 1000;

/** Whether the connection is up. */
export type ConnectionStatus = "connected" | "disconnected";

/**
 * A NATS connection with its state. The client drops what is published while it dials (measured: 100 of 100), so
 * everything here asks {@link whenConnected} first and learns of a loss by {@link onStatus}.
 */
export class BusConnection {
  readonly nats: NatsConnection;
  readonly inbox: ReplyInbox;
  readonly options: ConnectionOptions;
  readonly #handlers = new Set<(status: ConnectionStatus) => void>();
  #isConnected = true;
  #isClosed = false;
  #losses = 0;
  #flushing: Promise<void> | undefined;

  constructor(nats: NatsConnection, options: ConnectionOptions) {
    this.nats = nats;
    this.options = options;
    this.inbox = new ReplyInbox(nats, options.inboxPrefix);
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How often the connection was lost: what came before a loss can't be answered after it. */
  get losses(): number {
    return this.#losses;
  }

  /** Calls the handler at every change; returns the function that ends it. */
  onStatus(handler: (status: ConnectionStatus) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Resolves true once connected, false when the time is over, the signal aborts or the connection is closed. */
  async whenConnected(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.isConnected || this.#isClosed || isAborted(signal)) return this.isConnected;
    const wait = new AbortController();
    const wake = (): void => wait.abort();
    const off = this.onStatus(wake);
    signal?.addEventListener("abort", wake, { once: true });
    await this.options.clock.sleep(timeoutMs, wait.signal);
    signal?.removeEventListener("abort", wake);
    off();
    return this.isConnected && !isAborted(signal);
  }

  /** Calls back when nothing published to the subject can be answered any more; returns the function that ends it. */
  watch(subject: string, onLost: (reason: "disconnected" | "forbidden") => void): () => void {
    const token = this.inbox.open({ subject, onReply: () => undefined, onLost });
    return () => this.inbox.close(token);
  }

  /** A subscription callback whose throw is logged: inside the client it would end the whole connection's reading. */
  guard<A extends readonly unknown[]>(callback: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      try {
        callback(...args);
      } catch (error) {
        this.options.logger.error("bus callback failed", {
          error: error instanceof Error ? error.name : "unknown",
        });
      }
    };
  }

  /** Resolves when the server has read all that was published so far, or the connection was lost. */
  flush(): Promise<void> {
    // One PING for all who ask in the same turn of the event loop.
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined;
      return this.nats.flush().catch(() => undefined);
    });
    return this.#flushing;
  }

  /** Ends the connection; when this resolves the server sends nothing here any more. */
  async close(): Promise<void> {
    const wasConnected = this.#isConnected;
    this.#isClosed = true;
    this.#isConnected = false;
    this.inbox.loseAll("disconnected");
    this.#tell("disconnected");
    if (wasConnected) await this.#drain();
    await this.nats.close();
  }

  /** Takes the subscriptions back first: a closing socket alone leaves requests unanswered for a moment. */
  async #drain(): Promise<void> {
    const drained = new AbortController();
    void this.nats.drain().then(
      () => drained.abort(),
      () => drained.abort(),
    );
    await this.options.clock.sleep(DRAIN_MS, drained.signal);
  }

  async #watch(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === "disconnect") this.#lost();
      else if (status.type === "reconnect") this.#restored();
      else if (status.type === "error") this.#refused(status.error);
    }
    if (this.#isClosed) return;
    this.options.logger.error("bus connection closed for good");
    this.#isClosed = true;
    this.#lost();
  }

  #lost(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#losses += 1;
    this.options.logger.warn("bus connection lost");
    this.inbox.loseAll("disconnected");
    this.#tell("disconnected");
  }

  #restored(): void {
    this.#isConnected = true;
    this.options.logger.info("bus connection restored", { server: this.nats.getServer() });
    this.#tell("connected");
  }

  #refused(error: Error): void {
    const isForbidden = error instanceof PermissionViolationError;
    const about = isForbidden
      ? { operation: error.operation, subject_family: familyOf(error.subject) }
      : { error: error.name };
    this.options.logger.error("bus refused an operation", about);
    if (!isForbidden) return;
    if (error.operation === "publish") this.inbox.forbid(error.subject);
    else if (error.subject.startsWith(`${this.options.inboxPrefix}.`)) this.inbox.loseAll("forbidden");
  }

  #tell(status: ConnectionStatus): void {
    for (const handler of Array.from(this.#handlers)) handler(status);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** The error for a subject that this service's user may not use. */
export function forbidden(subject: string): RollyardError {
  return new RollyardError("bus_forbidden", { details: { subject_family: familyOf(subject) } });
}

/** What a subject is about, without whose it is; of an inbox just whose. */
function familyOf(subject: string): string {
  const tokens = subject.split(".");
  return tokens.slice(0, subject.startsWith("_INBOX") ? 1 : 3).join(".");
}

/** The error for a read or request that the bus did not answer in time. */
export function unavailable(cause?: unknown): RollyardError {
  return new RollyardError("bus_unavailable", cause === undefined ? {} : { cause });
}
