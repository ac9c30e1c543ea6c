import type { Logger } from "../lib/logger.ts";
import type { PublishResult } from "./port.ts";
import { SilentStreams } from "./silent-streams.ts";
import { streamOf } from "./stream-settings.ts";
import type { StreamName } from "./streams.ts";

const SILENT = "a stream answers nothing: if the disk of nats-server is full, make room and start it again";

/**
 * Says in the log when a stream takes no more messages, and when it takes them again: those who publish wait, and
 * without a word nobody would know for what.
 */
export class FullStreams {
  readonly #logger: Logger;
  readonly #told = new Set<StreamName>();
  readonly #silent: SilentStreams;

  constructor(logger: Logger, silentMs?: number) {
    this.#logger = logger;
    this.#silent = new SilentStreams(silentMs);
  }

  /** Those that answer nothing now. */
  silentAt(nowMs: number): readonly StreamName[] {
    return this.#silent.at(nowMs);
  }

  /** What became of a publish. */
  observe(subject: string, kind: PublishResult["kind"]): void {
    if (kind === "full") this.#tell(subject, "a stream is full: what it should store waits");
    else if (kind === "stored" && (this.#told.size > 0 || !this.#silent.isEmpty)) this.#takes(subject);
  }

  /** A publish was sent at `sentMs` and never answered though the server is there. */
  unanswered(subject: string, sentMs: number, nowMs: number): void {
    const stream = streamOf(subject);
    if (stream === null) return;
    this.#silent.unanswered(stream, sentMs, nowMs);
    if (this.#silent.at(nowMs).includes(stream)) this.#tell(subject, SILENT);
  }

  #tell(subject: string, what: string): void {
    const stream = streamOf(subject);
    if (stream === null || this.#told.has(stream)) return;
    this.#told.add(stream);
    this.#logger.warn(what, { stream });
  }

  #takes(subject: string): void {
    const stream = streamOf(subject);
    if (stream === null) return;
    this.#silent.stored(stream);
    if (this.#told.delete(stream)) this.#logger.info("a stream takes messages again", { stream });
  }
}
