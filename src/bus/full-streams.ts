import type { Logger } from "../lib/logger.ts";
import type { PublishResult } from "./port.ts";

/** A server between leaders answers sooner; one whose disk is full never does. */
const SILENT_MS = 10_000;
const SILENT = "a stream answers nothing: if the disk of nats-server is full, make room and start it again";

/**
 * Says in the log when a stream takes no more messages, and when it takes them again: those who publish wait, and
 * without a word nobody would know for what.
 */
export class FullStreams {
  readonly #logger: Logger;
  readonly #full = new Set<string>();
  /** Since when nothing that a stream was sent was answered. */
  readonly #silentSinceMs = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What became of a publish. */
  observe(subject: string, kind: PublishResult["kind"]): void {
    if (kind === "full") this.#isFull(streamToken(subject));
    else if (kind === "stored" && this.#full.size + this.#silentSinceMs.size > 0) {
      this.#takes(streamToken(subject));
    }
  }

  /**
   * A publish was sent at `sentMs` and never answered though the server is there. A full disk does that: nats-server then
   * stores nothing until it is started again.
   */
  unanswered(subject: string, sentMs: number, nowMs: number): void {
    const stream = streamToken(subject);
    const sinceMs = this.#silentSinceMs.get(stream) ?? sentMs;
    this.#silentSinceMs.set(stream, sinceMs);
    if (nowMs - sinceMs < SILENT_MS || this.#full.has(stream)) return;
    this.#full.add(stream);
    this.#logger.warn(SILENT, { stream });
  }

  #isFull(stream: string): void {
    if (this.#full.has(stream)) return;
    this.#full.add(stream);
    this.#logger.warn("a stream is full: what it should store waits", { stream });
  }

  #takes(stream: string): void {
    this.#silentSinceMs.delete(stream);
    if (this.#full.delete(stream)) this.#logger.info("a stream takes messages again", { stream });
  }
}

/** `rollyard.<stream>.…`, or `$KV.<bucket>.…`: one stream each. */
function streamToken(subject: string): string {
  return subject.split(".", 2)[1] ?? subject;
}
