import type { BusAdmin } from "../bus/port.ts";
import type { StreamName } from "../bus/streams.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";

/**
 * Above these shares of a stream nothing more is dispatched: what is under way needs the rest. Of the work stream the most is
 * kept, as work that is done leaves it only once its grade or settle request is stored there too.
 */
const SHARES = { events: 0.8, blobs: 0.8, outcomes: 0.8, work: 0.5 } as const;
type Watched = keyof typeof SHARES;
const WATCHED = Object.keys(SHARES) as readonly Watched[];

const LOOK_MS = 5000;
/** What the server keeps of a message beside its payload, at most. */
const OVERHEAD_BYTES = 256;

/** What it needs of the world. */
export interface StreamRoomDeps {
  readonly bus: Pick<BusAdmin, "streamState">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whether the streams have room for more rollouts. It asks every few seconds, and keeps count in between. */
export class StreamRoom {
  readonly #deps: StreamRoomDeps;
  /** Nearly full when they were last looked at. */
  #above: readonly Watched[] = [];
  /** Those that refused something since they last took something. */
  readonly #refusing = new Set<Watched>();
  #workLeftBytes = 0;
  #lookedMs = -Infinity;

  constructor(deps: StreamRoomDeps) {
    this.#deps = deps;
  }

  /** Streams whose lack of room keeps rollouts from being dispatched. */
  get full(): readonly StreamName[] {
    return WATCHED.filter((stream) => this.#above.includes(stream) || this.#refusing.has(stream));
  }

  /** Whether more may be dispatched. Rejects with `bus_unavailable`. */
  async look(): Promise<boolean> {
    const { clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      await this.#measure();
      this.#lookedMs = nowMs;
    }
    return this.#above.length === 0;
  }

  /** Takes room of the work stream; false when a payload of that size must wait. */
  takeWork(payloadBytes: number): boolean {
    const bytes = payloadBytes + OVERHEAD_BYTES;
    const isThere = bytes <= this.#workLeftBytes;
    if (isThere) this.#workLeftBytes -= bytes;
    else this.answered("work", false);
    return isThere;
  }

  /** A stream took something, or refused it for lack of room. It may refuse what is large long before it is full. */
  answered(stream: Watched, tookIt: boolean): void {
    if (tookIt) this.#refusing.delete(stream);
    else if (!this.#refusing.has(stream)) {
      this.#refusing.add(stream);
      this.#deps.logger.warn("dispatch waits: a stream has no room", { stream });
    }
  }

  async #measure(): Promise<void> {
    const { bus, logger } = this.#deps;
    const above: Watched[] = [];
    for (const stream of WATCHED) {
      const { usedBytes, maxBytes } = await bus.streamState(stream);
      // Of a stream without a limit the disk is the limit.
      const mostBytes = maxBytes > 0 ? SHARES[stream] * maxBytes : Infinity;
      if (usedBytes >= mostBytes) above.push(stream);
      if (stream === "work") this.#workLeftBytes = mostBytes - usedBytes;
      if (usedBytes >= mostBytes !== this.#above.includes(stream)) {
        const say =
          usedBytes >= mostBytes ? "dispatch stopped: a stream is nearly full" : "a stream has room again";
        logger.warn(say, { stream, used_bytes: usedBytes, max_bytes: maxBytes });
      }
    }
    this.#above = above;
  }
}
