import type { Logger } from "../lib/logger.ts";
import type { PublishResult } from "./port.ts";

/**
 * Says in the log when a stream takes no more messages, and when it takes them again: those who publish wait, and
 * without a word nobody would know for what.
 */
export class FullStreams {
  readonly #logger: Logger;
  readonly #full = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What became of a publish. */
  observe(subject: string, kind: PublishResult["kind"]): void {
    if (kind === "full") this.#isFull(streamToken(subject));
    else if (kind === "stored" && this.#full.size > 0) this.#takes(streamToken(subject));
  }

  #isFull(stream: string): void {
    if (this.#full.has(stream)) return;
    this.#full.add(stream);
    this.#logger.warn("a stream is full: what it should store waits", { stream });
  }

  #takes(stream: string): void {
    if (this.#full.delete(stream)) this.#logger.info("a stream takes messages again", { stream });
  }
}

/** `rollyard.<stream>.…`, or `$KV.<bucket>.…`: one stream each. */
function streamToken(subject: string): string {
  return subject.split(".", 2)[1] ?? subject;
}
