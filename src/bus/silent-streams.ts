import type { StreamName } from "./streams.ts";

/** A server between leaders answers sooner; one whose disk is full never does. */
const SILENT_MS = 10_000;
/** One that nobody has asked for so long may have come back: it is asked again. */
const KEPT_MS = 20_000;

interface Silence {
  readonly sinceMs: number;
  /** When it left something unanswered last. */
  readonly lastMs: number;
}

/**
 * Streams that answer nothing that they are to store, though their server is there. A full disk does that: nats-server then
 * stores nothing until it is started again, while reads and refusals go on as if nothing were wrong.
 */
export class SilentStreams {
  readonly #silentMs: number;
  readonly #byStream = new Map<StreamName, Silence>();

  constructor(silentMs: number = SILENT_MS) {
    this.#silentMs = silentMs;
  }

  /** Whether nothing at all is unanswered. */
  get isEmpty(): boolean {
    return this.#byStream.size === 0;
  }

  /** A publish of `sentMs` was given up at `nowMs`; both monotonic. */
  unanswered(stream: StreamName, sentMs: number, nowMs: number): void {
    const known = this.#byStream.get(stream);
    const goesOn = known !== undefined && nowMs - known.lastMs <= KEPT_MS;
    this.#byStream.set(stream, { sinceMs: goesOn ? known.sinceMs : sentMs, lastMs: nowMs });
  }

  /** It stores again. */
  stored(stream: StreamName): void {
    this.#byStream.delete(stream);
  }

  /** Those that have been silent for long, and were asked lately. */
  at(nowMs: number): readonly StreamName[] {
    return [...this.#byStream].flatMap(([stream, { sinceMs, lastMs }]) =>
      lastMs - sinceMs >= this.#silentMs && nowMs - lastMs <= KEPT_MS ? [stream] : [],
    );
  }
}
